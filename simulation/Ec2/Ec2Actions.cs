using System.Collections.Concurrent;
using System.Xml.Linq;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;

namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>The actions of EC2 that nstance and its collector use.</summary>
internal sealed class Ec2Actions(Ec2Truth truth)
{
    private readonly ConcurrentDictionary<string, (string Asked, IReadOnlyList<string> Ids)> _launches =
        new(StringComparer.Ordinal);

    public XElement Run(Ec2Form form, Fault fault) => form.Action switch
    {
        "RunInstances" => RunInstances(form),
        "DescribeInstances" => DescribeInstances(form, fault),
        "TerminateInstances" => TerminateInstances(form),
        "StopInstances" => Change(form, machine => truth.Stop(machine.Id)),
        "StartInstances" => Change(form, machine => truth.Start(machine.Id)),
        "DescribeInstanceAttribute" => DescribeInstanceAttribute(form),
        "ModifyInstanceAttribute" => ModifyInstanceAttribute(form),
        "CreateTags" => CreateTags(form),
        "DeleteTags" => DeleteTags(form),
        _ => throw new Ec2Error("InvalidAction",
            $"The action {form.Action} is not valid for this web service."),
    };

    private XElement RunInstances(Ec2Form form)
    {
        var count = form.Number("MaxCount") ?? throw Ec2Error.Missing("MaxCount");
        if (count is < 1 or > 1000 || form.Number("MinCount") is < 1 or null)
            throw Ec2Error.Invalid("MaxCount", $"{count}", "Expecting 1 to 1000.");
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; form.Text($"TagSpecification.{i}.ResourceType") is { } type; i++)
        {
            foreach (var (key, value) in form.Tags($"TagSpecification.{i}.Tag").Where(_ => type == "instance"))
                tags[key] = value ?? "";
        }

        var spec = new LaunchSpec
        {
            Count = count,
            ImageId = form.Required("ImageId"),
            Zone = form.Text("Placement.AvailabilityZone") ?? "us-west-2a",
            InstanceType = form.Text("InstanceType") ?? "m1.small",
            SubnetId = form.Text("SubnetId") ?? "subnet-0123456789abcdef0",
            TerminationProtected = form.Flag("DisableApiTermination"),
            Tags = tags,
        };
        form.EndHereIfDryRun();
        var machines = Launch(form, spec);
        return Ec2Xml.Answer(form.Action,
            Ec2Xml.Element("reservationId", "r-" + machines[0].Id[2..]),
            Ec2Xml.Element("ownerId", "123456789012"),
            Ec2Xml.Element("instancesSet", machines.Select(Ec2Xml.Instance)));
    }

    private List<Machine> Launch(Ec2Form form, LaunchSpec spec)
    {
        if (form.Text("ClientToken") is not { Length: > 0 } token)
            return [.. truth.Launch(spec)];
        var asked = string.Join('\n', $"{spec with { Tags = new Dictionary<string, string>() }}",
            string.Join('\n', spec.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal)));
        lock (_launches)
        {
            var launch = _launches.GetOrAdd(token, _ => (asked, [.. truth.Launch(spec).Select(machine => machine.Id)]));
            if (launch.Asked != asked)
                throw new Ec2Error("IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
            return [.. launch.Ids.Select(id => truth.Find(id)!)];
        }
    }

    private XElement DescribeInstances(Ec2Form form, Fault fault)
    {
        const int MaxPerPage = 1000;
        var size = form.Number("MaxResults");
        if (size is < 5 or > MaxPerPage)
            throw Ec2Error.Invalid("maxResults", $" {size} ", "Expecting a value between 5 and 1000.");
        var byId = form.List("InstanceId").Count > 0;
        if (byId && size is not null)
            throw new Ec2Error("InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults");
        var filters = form.Filters();
        form.EndHereIfDryRun();
        var after = form.Text("NextToken") is { Length: > 0 } token ? Ec2PageToken.Read(token) : null;
        var source = byId ? form.Machines(truth) : truth.Listed(after);
        var limit = byId ? int.MaxValue : size ?? MaxPerPage;
        var page = source.Where(machine => filters.All(filter => filter.Holds(machine)))
            .Take(limit == int.MaxValue ? limit : limit + 1).ToList();
        string? next = null;
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            next = Ec2PageToken.Write(page[^1].Id);
        }

        if (fault.Kind is FaultKind.Truncated)
            (page, next) = ([.. page.Take(fault.Keep)], null);
        return Ec2Xml.Answer(form.Action,
            Ec2Xml.Element("reservationSet", page.Select(Ec2Xml.Reservation)),
            next is null ? null : Ec2Xml.Element("nextToken", next));
    }

    private XElement TerminateInstances(Ec2Form form)
    {
        var machines = form.Machines(truth);
        form.EndHereIfDryRun();
        var guarded = machines.Where(machine => machine is { TerminationProtected: true, Alive: true }).ToList();
        var closedZones = guarded.Select(machine => machine.Zone).ToHashSet(StringComparer.Ordinal);
        // As documented: the call fails, yet whatever stands in a zone without a protected one does end.
        var changes = machines.Where(machine => !closedZones.Contains(machine.Zone))
            .Select(machine => Ec2Xml.StateChange(machine, truth.Terminate(machine.Id, form.Caller))).ToList();
        if (guarded.Count > 0)
            throw new Ec2Error("OperationNotPermitted",
                $"The instance '{guarded[0].Id}' may not be terminated. Modify its 'disableApiTermination' instance "
                + "attribute and try again.");
        return Ec2Xml.Answer(form.Action, Ec2Xml.Element("instancesSet", changes));
    }

    private XElement Change(Ec2Form form, Func<Machine, Machine> change)
    {
        var machines = form.Machines(truth);
        form.EndHereIfDryRun();
        if (machines.FirstOrDefault(machine => !machine.Alive) is { } ended)
            throw new Ec2Error("IncorrectInstanceState", $"The instance '{ended.Id}' is not in a state from which "
                + $"it can be changed: {ended.StateName}");
        return Ec2Xml.Answer(form.Action, Ec2Xml.Element("instancesSet",
            machines.Select(machine => Ec2Xml.StateChange(machine, change(machine))).ToList()));
    }

    private XElement DescribeInstanceAttribute(Ec2Form form)
    {
        var machine = form.Single(truth);
        var attribute = form.Required("Attribute");
        form.EndHereIfDryRun();
        var value = attribute switch
        {
            "disableApiTermination" => machine.TerminationProtected ? "true" : "false",
            "instanceType" => machine.InstanceType,
            _ => throw Ec2Error.Invalid("attribute", attribute, "Unknown attribute."),
        };
        return Ec2Xml.Answer(form.Action,
            Ec2Xml.Element("instanceId", machine.Id),
            Ec2Xml.Element(attribute, Ec2Xml.Element("value", value)));
    }

    private XElement ModifyInstanceAttribute(Ec2Form form)
    {
        var machine = form.Single(truth);
        var guarded = form.Required("DisableApiTermination.Value") == "true";
        form.EndHereIfDryRun();
        truth.Change(machine.Id, current => current with { TerminationProtected = guarded });
        return Ec2Xml.Done(form.Action);
    }

    private XElement CreateTags(Ec2Form form)
    {
        const int MaxTags = 50;
        var (machines, tags) = form.Tagged(truth);
        if (machines.Any(machine => machine.Tags.Keys.Union(tags.Select(tag => tag.Key), StringComparer.Ordinal).Count() > MaxTags))
            throw new Ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
        foreach (var machine in machines)
        {
            truth.Change(machine.Id, current => current with
            {
                Tags = new SortedDictionary<string, string>(current.Tags.Concat(
                        tags.Select(tag => KeyValuePair.Create(tag.Key, tag.Value ?? "")))
                    .GroupBy(tag => tag.Key, StringComparer.Ordinal)
                    .ToDictionary(same => same.Key, same => same.Last().Value), StringComparer.Ordinal),
            });
        }

        return Ec2Xml.Done(form.Action);
    }

    private XElement DeleteTags(Ec2Form form)
    {
        var (machines, tags) = form.Tagged(truth);
        foreach (var machine in machines)
        {
            // Without tags all are deleted; with a value only a tag of that value is.
            truth.Change(machine.Id, current => current with
            {
                Tags = current.Tags.Where(tag => tags.Count > 0
                        && !tags.Any(asked => asked.Key == tag.Key && (asked.Value is null || asked.Value == tag.Value)))
                    .ToDictionary(StringComparer.Ordinal),
            });
        }

        return Ec2Xml.Done(form.Action);
    }
}
