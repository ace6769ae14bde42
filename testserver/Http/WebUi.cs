using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;

namespace Nstance.Temporal.TestServer.Http;

/// <summary>
/// Serves a build of Temporal's Web UI from a folder. It also answers what the UI's own server does: the API below
/// <c>/api/v1</c>, the settings, and the page that renders Markdown.
/// </summary>
internal sealed class WebUi(HttpApi api, string folder)
{
    private static readonly FileExtensionContentTypeProvider Types = new();

    private static readonly string Settings = JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["Auth"] = new { Enabled = false, Options = (string[]?)null },
        ["BannerText"] = "",
        ["DefaultNamespace"] = "default",
        ["ShowTemporalSystemNamespace"] = false,
        ["FeedbackURL"] = "",
        ["NotifyOnNewVersion"] = false,
        ["Codec"] = new { Endpoint = "", PassAccessToken = false, IncludeCredentials = false },
        ["Version"] = "",
        ["DisableWriteActions"] = false,
        ["WorkflowTerminateDisabled"] = false,
        ["WorkflowCancelDisabled"] = false,
        ["WorkflowSignalDisabled"] = false,
        ["WorkflowResetDisabled"] = false,
        ["BatchActionsDisabled"] = false,
        ["StartWorkflowDisabled"] = false,
        ["HideWorkflowQueryErrors"] = false,
        ["RefreshWorkflowCountsDisabled"] = false,
        ["ActivityCommandsDisabled"] = false,
    });

    private readonly string _root =
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;

    public Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path == "/api/v1/settings")
            return HttpApi.WriteAsync(context, 200, Settings);
        if (path.StartsWith("/api/", StringComparison.Ordinal))
            return api.AnswerAsync(context, shorthand: false);
        if (path == "/render")
            return RenderAsync(context);
        // Any other path is a page of the UI, which reads the address itself.
        return SendAsync(context, Find(path) ?? Path.Combine(_root, "index.html"));
    }

    private static Task RenderAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var theme = $"{query["theme"]}-{query["overrideTheme"]}".Trim('-');
        var (html, policy) = MarkdownPage.Render(query["content"].ToString(), theme);
        context.Response.Headers.ContentSecurityPolicy = policy;
        context.Response.ContentType = "text/html";
        return context.Response.WriteAsync(html, context.RequestAborted);
    }

    private string? Find(string path)
    {
        var full = Path.GetFullPath(Path.Combine(_root, path.TrimStart('/')));
        // Not above the folder, whatever dots the path has.
        return full.StartsWith(_root, StringComparison.Ordinal) && File.Exists(full) ? full : null;
    }

    private static Task SendAsync(HttpContext context, string file)
    {
        if (!File.Exists(file))
            return HttpApi.WriteAsync(context, 404, """{"code":5,"message":"index.html is missing"}""");
        context.Response.ContentType = Types.TryGetContentType(file, out var type) ? type : "application/octet-stream";
        return context.Response.SendFileAsync(file, context.RequestAborted);
    }
}
