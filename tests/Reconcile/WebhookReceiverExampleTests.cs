using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Simulation.Cloud;
using Temporalio.Exceptions;
using WebhookExample;

namespace Nstance.Temporal.Tests.Reconcile;

/// <summary><c>docs/examples/webhook-receiver.cs</c> against real posts.</summary>
public sealed class WebhookReceiverExampleTests
{
    private static readonly byte[] Secret = "a secret of the test"u8.ToArray();

    private readonly FakeTimeProvider _time = new(new(2026, 11, 25, 7, 0, 0, TimeSpan.Zero));
    private readonly List<string> _changed = [];
    private bool _works = true;
    private Receiver? _receiver;

    [Fact]
    public async Task Take_GroupChanged_HandsEachGroupOnOnce()
    {
        var news = Of("GroupChanged", "1", ("acme", "web"), ("acme", "db"), ("acme", "web"));

        await SendAsync(news, Secret);
        await SendAsync(news, Secret); // a retry after a lost answer

        Assert.Equal(["acme/web", "acme/db"], _changed);
    }

    [Fact]
    public async Task Take_CommandFails_IsAskedForAgainAndThenDone()
    {
        _works = false;
        var news = Of("GroupChanged", "1", ("acme", "web"));
        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(() => SendAsync(news, Secret));
        Assert.False(failure.NonRetryable);

        _works = true;
        await SendAsync(news, Secret);

        Assert.Equal(["acme/web", "acme/web"], _changed);
    }

    [Fact]
    public async Task Take_WrongSecretNoSecretOrAnOldPost_IsRefused()
    {
        var news = Of("GroupChanged", "1", ("acme", "web"));
        await AssertRefusedAsync(() => SendAsync(news, "another"u8.ToArray()));
        await AssertRefusedAsync(() => SendAsync(news, secret: null));
        await AssertRefusedAsync(() => SendAsync(news, Secret, receiverIsAhead: TimeSpan.FromSeconds(301)));
        await AssertRefusedAsync(() => SendAsync(news, Secret, receiverIsAhead: TimeSpan.FromSeconds(-301)));

        Assert.Empty(_changed);
    }

    [Fact]
    public async Task Take_AnotherKind_IsTakenAndStartsNothing()
    {
        await SendAsync(Of("ReplaceInstance", "1", ("acme", "web")), Secret);

        Assert.Empty(_changed);
    }

    private static Notification Of(string kind, string key, params (string Tenant, string Group)[] groups) => new(
        new("prod", "zone", "bucket"), kind,
        [.. groups.Select(g => new ReconcileEvent(
            ReconcileEventType.GroupChanged, g.Tenant, g.Group, null, default, false, "lost one"))],
        key);

    private static async Task AssertRefusedAsync(Func<Task> send)
    {
        var failure = await Assert.ThrowsAsync<ApplicationFailureException>(send);
        Assert.EndsWith("answered 401", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.NonRetryable);
    }

    private async Task SendAsync(Notification news, byte[]? secret, TimeSpan receiverIsAhead = default)
    {
        _receiver ??= new(Secret, _time, (tenant, group) =>
        {
            _changed.Add($"{tenant}/{group}");
            return _works;
        });
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            var headers = http.Request.Headers;
            http.Response.StatusCode = _receiver.Take(
                headers["Nstance-Gc-Timestamp"], headers["Nstance-Gc-Key"], headers["Nstance-Gc-Signature"],
                body.ToArray());
        });
        var sender = new FakeTimeProvider(_time.GetUtcNow() - receiverIsAhead);
        using var webhook = new Webhook(new(server.Url) { Secret = secret }, sender);
        await webhook.SendAsync(news, TestContext.Current.CancellationToken);
    }
}
