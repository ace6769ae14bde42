using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Common.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>The RPCs that change or show one schedule.</summary>
internal sealed class ScheduleRpcs
{
    private const int MatchingTimes = 1_000;

    private readonly ServerEngine _engine;
    private readonly ScheduleEngine _schedules;

    public ScheduleRpcs(ServerEngine engine, ScheduleEngine schedules)
    {
        _engine = engine;
        _schedules = schedules;
        var rpc = engine.Rpc;
        rpc.Add<CreateScheduleRequest, CreateScheduleResponse>("CreateSchedule", Create);
        rpc.Add<DescribeScheduleRequest, DescribeScheduleResponse>("DescribeSchedule", request =>
        {
            using var _ = engine.Enter();
            var entry = schedules.Store.Get(request.Namespace, request.ScheduleId);
            return ScheduleDescription.Describe(entry, engine.Clock.Now);
        });
        rpc.Add<UpdateScheduleRequest, UpdateScheduleResponse>("UpdateSchedule", Update);
        rpc.Add<PatchScheduleRequest, PatchScheduleResponse>("PatchSchedule", request =>
        {
            using var _ = engine.Enter();
            var entry = schedules.Store.Get(request.Namespace, request.ScheduleId);
            schedules.Patch(entry, PatchRules.Check(request.Patch));
            return new();
        });
        rpc.Add<DeleteScheduleRequest, DeleteScheduleResponse>("DeleteSchedule", request =>
        {
            using var _ = engine.Enter();
            schedules.Delete(schedules.Store.Get(request.Namespace, request.ScheduleId));
            return new();
        });
        rpc.Add<ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse>(
            "ListScheduleMatchingTimes", Matching);
    }

    private CreateScheduleResponse Create(CreateScheduleRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        StartRules.Id(_engine, request.ScheduleId, "ScheduleId");
        var (schedule, spec) = ScheduleRules.Check(_engine, request.Namespace, request.Schedule);
        Require(request.Namespace, request.SearchAttributes);
        var patch = PatchRules.Check(request.InitialPatch ?? new());
        if (_schedules.Store.Find(request.Namespace, request.ScheduleId) is { } had)
        {
            // The same request again is a retry of a caller who did not hear the answer.
            return request.RequestId.Length > 0 && had.RequestId == request.RequestId
                ? new() { ConflictToken = ScheduleDescription.Token(had) }
                : throw Fault.AlreadyStarted(had.Seed, had.RequestId, had.Seed);
        }

        var now = _engine.Clock.Now;
        var entry = new ScheduleEntry(request.Namespace, request.ScheduleId, request.RequestId)
        {
            Schedule = schedule,
            Spec = spec,
            CreateTime = now,
            Cursor = now,
            Memo = request.Memo ?? new(),
            SearchAttributes = request.SearchAttributes ?? new(),
        };
        _schedules.Store.Add(entry);
        _schedules.Patch(entry, patch);
        return new() { ConflictToken = ScheduleDescription.Token(entry) };
    }

    private UpdateScheduleResponse Update(UpdateScheduleRequest request)
    {
        using var _ = _engine.Enter();
        var entry = _schedules.Store.Get(request.Namespace, request.ScheduleId);
        var (schedule, spec) = ScheduleRules.Check(_engine, request.Namespace, request.Schedule);
        Require(request.Namespace, request.SearchAttributes);
        if (!request.ConflictToken.IsEmpty && request.ConflictToken != ScheduleDescription.Token(entry))
            throw Fault.FailedPrecondition("mismatched conflict token");
        if (request.SearchAttributes is { } attributes)
            entry.SearchAttributes = attributes;
        if (request.Memo is { } memo)
            entry.Memo = memo;
        _schedules.Update(entry, schedule, spec);
        return new();
    }

    private ListScheduleMatchingTimesResponse Matching(ListScheduleMatchingTimesRequest request)
    {
        using var _ = _engine.Enter();
        var entry = _schedules.Store.Get(request.Namespace, request.ScheduleId);
        if (request.StartTime == null || request.EndTime == null)
            throw Fault.InvalidArgument("StartTime and EndTime are required.");
        var times = entry.Spec.Between(
            entry.Seed, request.StartTime.ToDateTimeOffset(), request.EndTime.ToDateTimeOffset(), MatchingTimes);
        return new() { StartTime = { times.Select(time => Timestamp.FromDateTimeOffset(time.Actual)) } };
    }

    private void Require(string ns, SearchAttributes? attributes)
    {
        if (_engine.SearchAttributes.Problem(ns, attributes) is { } problem)
            throw Fault.InvalidArgument(problem);
    }
}
