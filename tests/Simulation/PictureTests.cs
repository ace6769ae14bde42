using System.Xml.Linq;
using Nstance.Temporal.Simulation.Demo;

namespace Nstance.Temporal.Tests.Simulation;

public sealed class PictureTests
{
    [Fact]
    public void Of_OutputOfTheDemo_IsAnSvgOfItsLinesWithoutAddressesAndFiles()
    {
        var svg = XDocument.Parse(Picture.Of(
            "dotnet run",
            "1 < 2 & 3\nTemporal server: embedded at 127.0.0.1:40633; files: /tmp/demo\n\nAll is well\n"));

        Assert.Equal(
            ["$ dotnet run", "1 < 2 & 3", "Temporal server: embedded", "", "All is well"],
            svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value));
    }
}
