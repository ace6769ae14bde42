using System.Xml.Linq;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>The actions of EC2 that the collector uses.</summary>
internal sealed class Ec2Actions(Ec2Truth truth)
{
    private const int MaxPerPage = 1000;
    private const int MinPerPage = 5;
    private const int MaxTags = 50;

    public XElement Run(Ec2Form form, Fault fault) => form.Action switch
    {
        "DescribeInstances" => DescribeInstances(form, fault),
        "TerminateInstances" => TerminateInstances(form),
        "StopInstances" => StopInstances(form),
        "StartInstances" => Change(form, machine => truth.Start(machine.Id)),
        "DescribeInstanceAttribute" => DescribeInstanceAttribute(form),
        "CreateTags" => CreateTags(form),
        "DeleteTags" => DeleteTags(form),
        var action => throw new Ec2Error("InvalidAction", $"The action {action} is not valid for this web service."),
    };

    private XElement DescribeInstances(Ec2Form form, Fault fault)
    {
        var size = form.Number("MaxResults");
        if (size is < MinPerPage or > MaxPerPage)
            throw Ec2Error.Invalid("maxResults", $" {size} ", "Expecting a value between 5 and 1000.");
        var byId = form.List("InstanceId").Count > 0;
        if (byId && size is not null)
        {
            throw new Ec2Error("InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults");
        }

        var filters = form.Filters();
        form.EndHereIfDryRun();
        string? after = null;
        if (form.Text("NextToken") is { Length: > 0 } token)
        {
            after = PageToken.Read(token)
                ?? throw new Ec2Error("InvalidNextToken", "The token is invalid or has expired.");
        }

        var limit = byId ? MaxPerPage : size ?? MaxPerPage;
        var found = (byId ? form.Machines(truth) : truth.Listed(after))
            .Where(machine => filters.All(filter => filter.Holds(machine))).Take(limit + 1).ToList();
        var page = found.Take(fault.Kind is FaultKind.Truncated ? fault.Keep : limit).ToList();
        var isLast = found.Count <= limit || fault.Kind is FaultKind.Truncated;
        // One reservation for each instance, as launches one by one make them.
        var reservations = page.Select(machine => Ec2Xml.Element("item", Ec2Xml.Reservation([machine])));
        return Ec2Xml.Answer(form.Action,
            Ec2Xml.Element("reservationSet", reservations),
            isLast ? null : Ec2Xml.Element("nextToken", PageToken.Write(page[^1].Id)));
    }

    private XElement TerminateInstances(Ec2Form form)
    {
        var machines = form.Machines(truth);
        form.EndHereIfDryRun();
        var guarded = machines.Where(machine => machine is { Alive: true } && Protection(machine) is not null).ToList();
        var closedZones = guarded.Select(machine => machine.Zone).ToHashSet(StringComparer.Ordinal);
        // As documented: the call fails, yet instances in a zone without a protected one do end.
        var changes = machines.Where(machine => !closedZones.Contains(machine.Zone))
            .Select(machine => Ec2Xml.StateChange(machine, truth.Terminate(machine.Id, form.Caller))).ToList();
        if (guarded.Count > 0)
        {
            throw new Ec2Error("OperationNotPermitted", $"The instance '{guarded[0].Id}' may not be terminated. "
                + $"Modify its '{Protection(guarded[0])}' instance attribute and try again.");
        }

        return Ec2Xml.Answer(form.Action, Ec2Xml.Element("instancesSet", changes));
    }

    /// <summary>The attribute that forbids a termination: stop protection does, too.</summary>
    private static string? Protection(Machine machine) =>
        machine.TerminationProtected ? "disableApiTermination" : machine.StopProtected ? "disableApiStop" : null;

    private XElement StopInstances(Ec2Form form) => Change(form, machine => truth.Stop(machine.Id), machines =>
    {
        if (machines.FirstOrDefault(machine => machine.StopProtected) is not { } guarded) return;
        throw new Ec2Error("OperationNotPermitted", $"The instance '{guarded.Id}' may not be stopped. "
            + "Modify its 'disableApiStop' instance attribute and try again.");
    });

    private XElement Change(
        Ec2Form form, Func<Machine, Machine> change, Action<IReadOnlyList<Machine>>? check = null)
    {
        var machines = form.Machines(truth);
        form.EndHereIfDryRun();
        check?.Invoke(machines);
        if (machines.FirstOrDefault(machine => !machine.Alive) is { } ended)
        {
            throw new Ec2Error("IncorrectInstanceState", $"The instance '{ended.Id}' is not in a state from which "
                + $"it can be changed: {ended.StateName}");
        }

        var changes = machines.Select(machine => Ec2Xml.StateChange(machine, change(machine))).ToList();
        return Ec2Xml.Answer(form.Action, Ec2Xml.Element("instancesSet", changes));
    }

    private XElement DescribeInstanceAttribute(Ec2Form form)
    {
        var machine = form.Machine(truth);
        var attribute = form.Required("Attribute");
        form.EndHereIfDryRun();
        var value = attribute switch
        {
            "disableApiTermination" => machine.TerminationProtected ? "true" : "false",
            "disableApiStop" => machine.StopProtected ? "true" : "false",
            _ => throw Ec2Error.Invalid("attribute", attribute, "Unknown attribute."),
        };
        return Ec2Xml.Answer(form.Action,
            Ec2Xml.Element("instanceId", machine.Id), Ec2Xml.Element(attribute, Ec2Xml.Element("value", value)));
    }

    private XElement CreateTags(Ec2Form form)
    {
        var machines = form.Resources(truth);
        var tags = form.Tags("Tag");
        var keys = tags.Select(tag => tag.Key).ToHashSet(StringComparer.Ordinal);
        if (machines.Any(machine => machine.Tags.Keys.Union(keys, StringComparer.Ordinal).Count() > MaxTags))
            throw new Ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
        foreach (var machine in machines)
        {
            var changed = new SortedDictionary<string, string>(machine.Tags.ToDictionary(), StringComparer.Ordinal);
            foreach (var (key, value) in tags) changed[key] = value ?? "";
            truth.Change(machine.Id, current => current with { Tags = changed });
        }

        return Ec2Xml.Done(form.Action);
    }

    private XElement DeleteTags(Ec2Form form)
    {
        var machines = form.Resources(truth);
        var tags = form.Tags("Tag");
        foreach (var machine in machines)
        {
            // Without tags all are deleted; with a value only a tag of that value is.
            var left = machine.Tags.Where(tag => tags.Count > 0
                && !tags.Any(asked => asked.Key == tag.Key && (asked.Value is null || asked.Value == tag.Value)));
            truth.Change(machine.Id, current => current with { Tags = left.ToDictionary(StringComparer.Ordinal) });
        }

        return Ec2Xml.Done(form.Action);
    }
}
