using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Worker;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// docs/iam-policy.json against the calls that are compiled into the activities: all of them, and nothing more.
/// </summary>
public sealed class IamPolicyTests
{
    private static readonly string[] ShardTags = [CloudTags.Managed, CloudTags.ClusterId, CloudTags.Shard];
    private readonly Statement[] _statements = Read();

    [Fact]
    public void Allowed_IsExactlyWhatTheCodeCalls() =>
        Assert.Equal(Called().Order(), Allowed().SelectMany(s => s.Actions).Distinct().Order());

    [Theory]
    [InlineData("ec2:TerminateInstances")]
    [InlineData("ec2:StopInstances")]
    [InlineData("ec2:StartInstances")]
    [InlineData("ec2:CreateTags")]
    [InlineData("ec2:DeleteTags")]
    [InlineData("ec2:DescribeInstanceAttribute")]
    public void ChangesOfInstances_NeedTheShardsTags(string action)
    {
        var statement = Assert.Single(Allowed(), s => s.Actions.Contains(action));
        Assert.EndsWith(":instance/*", Assert.Single(statement.Resources), StringComparison.Ordinal);
        var tags = statement.Conditions["StringEquals"];
        Assert.Equal(ShardTags.Select(t => $"aws:ResourceTag/{t}").Order(), tags.Keys.Order());
        Assert.Equal(["true"], tags[$"aws:ResourceTag/{CloudTags.Managed}"]);
    }

    [Fact]
    public void Tags_AreOnlyTheCollectorsOwn()
    {
        var statement = Assert.Single(Allowed(), s => s.Actions.Contains("ec2:CreateTags"));
        Assert.Equal(
            [CloudTags.GcProtect, CloudTags.GcQuarantined],
            statement.Conditions["ForAllValues:StringEquals"]["aws:TagKeys"].Order());
        // ForAllValues also matches a request without any key.
        Assert.Equal(["false"], statement.Conditions["Null"]["aws:TagKeys"]);
    }

    [Theory]
    [InlineData("ec2:TerminateInstances")]
    [InlineData("ec2:StopInstances")]
    public void ProtectedInstances_AreDenied(string action) => Assert.Contains(
        _statements,
        s => s.Effect == "Deny" && s.Actions.Contains(action)
            && s.Conditions["StringEquals"].ContainsKey($"aws:ResourceTag/{CloudTags.GcProtect}"));

    [Fact]
    public void Objects_AreTheShardsOwn()
    {
        foreach (var statement in Allowed().Where(
            s => s.Actions.Any(a => a is "s3:GetObject" or "s3:PutObject" or "s3:DeleteObject")))
        {
            Assert.All(
                statement.Resources,
                r => Assert.StartsWith("arn:aws:s3:::BUCKET/shard/SHARD/", r, StringComparison.Ordinal));
        }

        var list = Assert.Single(Allowed(), s => s.Actions.Contains("s3:ListBucket"));
        Assert.All(
            list.Conditions["StringLike"]["s3:prefix"],
            p => Assert.StartsWith("shard/SHARD/", p, StringComparison.Ordinal));
        Assert.All(
            Allowed().Where(s => s.Actions.Contains("s3:DeleteObject")).SelectMany(s => s.Resources),
            r => Assert.Matches("^arn:aws:s3:::BUCKET/shard/SHARD/(instance|gc/plans)/[*]$", r));
    }

    [Fact]
    public void Actions_HaveNoWildcard() =>
        Assert.DoesNotContain(_statements.SelectMany(s => s.Actions), a => a.Contains('*'));

    private IEnumerable<Statement> Allowed() => _statements.Where(s => s.Effect == "Allow");

    /// <summary>Every method of the two clients that the activities' assembly refers to.</summary>
    private static HashSet<string> Called()
    {
        using var file = File.OpenRead(typeof(CloudTags).Assembly.Location);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        var called = new HashSet<string>();
        foreach (var member in metadata.MemberReferences.Select(metadata.GetMemberReference))
        {
            if (member.Parent.Kind != HandleKind.TypeReference) continue;
            var type = metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name);
            var method = metadata.GetString(member.Name);
            if (!method.EndsWith("Async", StringComparison.Ordinal)) continue;
            var action = method[..^"Async".Length];
            if (type == "IAmazonEC2") called.Add($"ec2:{action}");
            if (type == "IAmazonS3") called.Add(action switch
            {
                "ListObjectsV2" => "s3:ListBucket",
                "DeleteObjects" => "s3:DeleteObject",
                _ => $"s3:{action}",
            });
        }

        return called;
    }

    private static Statement[] Read()
    {
        using var policy = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository.Root, "docs", "iam-policy.json")));
        return [.. policy.RootElement.GetProperty("Statement").EnumerateArray().Select(s => new Statement(
            s.GetProperty("Effect").GetString()!,
            Words(s.GetProperty("Action")),
            Words(s.GetProperty("Resource")),
            s.TryGetProperty("Condition", out var condition)
                ? condition.EnumerateObject().ToDictionary(
                    c => c.Name, c => c.Value.EnumerateObject().ToDictionary(v => v.Name, v => Words(v.Value)))
                : []))];
    }

    private static string[] Words(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : [value.GetString()!];

    private sealed record Statement(
        string Effect,
        string[] Actions,
        string[] Resources,
        Dictionary<string, Dictionary<string, string[]>> Conditions);
}
