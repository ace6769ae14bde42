using System.Reflection;
using System.Xml.Linq;

namespace Nstance.Temporal.Tests.Architecture;

/// <summary>
/// worker → activities → workflows; no production project refers to simulation/, testserver/ or benchmarks/.
/// </summary>
public sealed class ReferencesTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["workflows"] = [],
        ["activities"] = ["workflows"],
        ["worker"] = ["activities", "workflows"],
        ["testserver"] = [],
        ["simulation"] = ["worker", "activities", "workflows", "testserver"],
        ["benchmarks"] = ["worker", "activities", "workflows", "simulation", "testserver"],
    };

    public static TheoryData<string> Rooms() => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void ProjectReferences_OfRoom_PointOneWay(string room)
    {
        var project = Directory.GetFiles(Path.Combine(Sources.Root, room), "*.csproj").Single();
        var referenced = XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/').Split('/')[^2]);
        Assert.Empty(referenced.Except(Allowed[room]));
    }

    [Fact]
    public void Packages_OfWorkflows_AreTemporalsOnly()
    {
        var packages = XDocument.Load(Path.Combine(Sources.Root, "workflows", "Nstance.Temporal.Workflows.csproj"))
            .Descendants("PackageReference")
            .Where(package => package.Attribute("PrivateAssets")?.Value != "all")
            .Select(package => package.Attribute("Include")!.Value);
        Assert.Equal(["Google.Protobuf", "NexusRpc", "Temporalio"], packages.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Nstance.Temporal.Workflows", new string[0])]
    [InlineData("Nstance.Temporal.Activities", new[] { "Nstance.Temporal.Workflows" })]
    public void AssemblyReferences_OfProduction_PointOneWay(string assembly, string[] allowed)
    {
        var referenced = Assembly.Load(assembly).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("Nstance.", StringComparison.Ordinal));
        Assert.Empty(referenced.Except(allowed));
    }

    [Fact]
    public void WorkflowCode_ThatCallsTemporal_StandsInWorkflowFiles()
    {
        var wrong = Sources.Of("workflows")
            .Where(file => !file.EndsWith(".workflow.cs", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is var text
                && (text.Contains("[Workflow]", StringComparison.Ordinal)
                    || text.Contains(" Workflow.", StringComparison.Ordinal)))
            .Select(Path.GetFileName);
        Assert.Empty(wrong);
    }
}
