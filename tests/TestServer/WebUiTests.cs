using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>What the Web UI needs of its own server, with a page of the tests' own in its place.</summary>
public sealed class WebUiTests : IAsyncLifetime
{
    private const string Page = """
        <!DOCTYPE html><html><body>
        <p id="found">waiting</p><script type="module" src="/_app/page.js"></script>
        </body></html>
        """;

    private const string Script = """
        const settings = await (await fetch('/api/v1/settings')).json();
        const list = await (await fetch('/api/v1/namespaces/default/workflows?query=')).json();
        document.getElementById('found').textContent =
          `${settings.DefaultNamespace}: ${list.executions.map(each => each.execution.workflowId).join()}`;
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("testserver-ui-").FullName;
    private TemporalTestServer? _server;
    private HttpClient? _http;

    private TemporalTestServer Server => _server ?? throw new InvalidOperationException("not started");

    private HttpClient Http => _http ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "_app"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "index.html"), Page);
        await File.WriteAllTextAsync(Path.Combine(_folder, "_app", "page.js"), Script);
        _server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false, UiFolder = _folder });
        _http = new() { BaseAddress = _server.UiAddress };
        var client = await TemporalClient.ConnectAsync(new(_server.TargetHost));
        await client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new("shown/with-a-slash", "queue"));
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Files_KnownAndUnknownPaths_TheFileOrTheStartPage()
    {
        using var script = await Http.GetAsync(new Uri("/_app/page.js", UriKind.Relative));
        Assert.Equal("text/javascript", script.Content.Headers.ContentType!.MediaType);
        Assert.Equal(Script, await script.Content.ReadAsStringAsync());
        using var page = await Http.GetAsync(new Uri("/namespaces/default/workflows/any", UriKind.Relative));
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal(Page, await page.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/../secret")]
    [InlineData("/..%2fsecret")]
    [InlineData("/_app/..%2f..%2fsecret")]
    public async Task Files_AboveTheFolder_AreNotSent(string path)
    {
        var secret = Path.Combine(Path.GetDirectoryName(_folder)!, "secret");
        await File.WriteAllTextAsync(secret, "secret");
        Assert.NotEqual("secret", await Http.GetStringAsync(new Uri(path, UriKind.Relative)));
    }

    [Fact]
    public async Task Api_BelowItsPrefix_PayloadsAreWhole()
    {
        var settings = JsonNode.Parse(await Http.GetStringAsync(new Uri("/api/v1/settings", UriKind.Relative)))!;
        Assert.False(settings["Auth"]!["Enabled"]!.GetValue<bool>());
        var id = Uri.EscapeDataString("shown/with-a-slash");
        using var answer = await Http.GetAsync(new Uri($"/api/v1/namespaces/default/workflows/{id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Render_MarkdownWithHtml_ShowsItWithoutScripts()
    {
        var content = Uri.EscapeDataString(
            "# Title\n\n- *one*\n- `two`\n\n<script>alert(1)</script> [link](https://example.org)\n```\na  b\n```");
        using var answer = await Http.GetAsync(new Uri($"/render?content={content}&theme=dark", UriKind.Relative));
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains("<h1>Title</h1>", html, StringComparison.Ordinal);
        Assert.Contains("<ul><li><em>one</em></li><li><code>two</code></li></ul>", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"https://example.org\">link</a>", html, StringComparison.Ordinal);
        Assert.Contains("<pre><code>a  b\n</code></pre>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.Contains(
            "default-src 'none'",
            answer.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Browser_OpensTheFolder_PageReadsTheApi()
    {
        var browser = new[] { "chromium", "chromium-browser", "google-chrome" }
            .Select(name => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
                .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists))
            .FirstOrDefault(found => found != null);
        Assert.SkipWhen(browser == null, "no Chromium is installed");
        using var process = Process.Start(new ProcessStartInfo(
            browser!,
            [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--virtual-time-budget=10000",
                "--dump-dom",
                $"{Server.UiAddress}",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var dom = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(dom.Contains("default: shown/with-a-slash", StringComparison.Ordinal), dom + await error);
    }
}
