using System.Globalization;
using System.Xml.Linq;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>Answers in EC2's XML.</summary>
internal static class Ec2Xml
{
    private static readonly XNamespace Ns = "http://ec2.amazonaws.com/doc/2016-11-15/";

    public static XElement Element(string name, params object?[] content) => new(Ns + name, content);

    public static XElement Answer(string action, params object?[] content) =>
        Element($"{action}Response", [Element("requestId", RequestId()), .. content]);

    public static XElement Done(string action) => Answer(action, Element("return", true));

    public static XElement Error(Ec2Error error) => new("Response",
        new XElement("Errors", new XElement("Error",
            new XElement("Code", error.Code), new XElement("Message", error.Message))),
        new XElement("RequestID", RequestId()));

    public static XElement StateChange(Machine before, Machine after) => Element("item",
        Element("instanceId", after.Id), State("currentState", after.State), State("previousState", before.State));

    public static XElement[] Reservation(IReadOnlyList<Machine> machines) =>
    [
        Element("reservationId", "r-" + machines[0].Id[2..]),
        Element("ownerId", "123456789012"),
        Element("instancesSet", machines.Select(Instance)),
    ];

    private static XElement Instance(Machine machine) => Element("item",
        Element("instanceId", machine.Id),
        Element("imageId", "ami-0123456789abcdef0"),
        State("instanceState", machine.State),
        Element("instanceType", "t3.micro"),
        Element("launchTime", Text(machine.LaunchedAt)),
        Element("placement", Element("availabilityZone", machine.Zone), Element("tenancy", "default")),
        // EC2 forgets the addresses of a terminated instance.
        machine.State is MachineState.Terminated
            ? Element("privateDnsName")
            : new[]
            {
                Element("privateDnsName", machine.PrivateDnsName), Element("privateIpAddress", machine.PrivateIp),
            },
        machine.Tags.Count == 0 ? null : Element("tagSet", machine.Tags.Select(tag =>
            Element("item", Element("key", tag.Key), Element("value", tag.Value)))));

    private static XElement State(string name, MachineState state) =>
        Element(name, Element("code", (int)state), Element("name", state.ToName()));

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string RequestId() => Guid.NewGuid().ToString();
}
