using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Which steps can be begun, given what came of the others. For one thread, except where it says otherwise.</summary>
internal sealed class StepGraph
{
    private readonly List<PlanStep> _waiting;
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StepResult> _ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StepResult> _failedPhases = new(StringComparer.Ordinal);
    private readonly HashSet<string> _begun = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<PlanStep> _steps;

    public StepGraph(IReadOnlyList<PlanStep> steps)
    {
        _steps = steps;
        _waiting = [.. steps];
        for (var i = 0; i < steps.Count; i++)
        {
            _places[steps[i].Id] = i;
            _open[steps[i].Phase] = _open.GetValueOrDefault(steps[i].Phase) + 1;
        }
    }

    /// <summary>Not begun.</summary>
    public IReadOnlyList<PlanStep> Waiting => _waiting;

    /// <summary>Not begun, and nothing is left that they wait for.</summary>
    public IEnumerable<PlanStep> Ready => _waiting.Where(IsReady);

    /// <summary>Without a result.</summary>
    public IReadOnlyList<PlanStep> Unfinished => [.. _steps.Where(step => !_ended.ContainsKey(step.Id))];

    /// <summary>A step's place in the plan. From any thread.</summary>
    public int PlaceOf(PlanStep step) => _places[step.Id];

    public StepResult ResultOf(PlanStep step) => _ended[step.Id];

    public void Begin(PlanStep step)
    {
        _begun.Add(step.Id);
        _waiting.Remove(step);
    }

    public void End(StepResult result)
    {
        if (_begun.Add(result.Step.Id))
            _waiting.Remove(result.Step);
        _ended.Add(result.Step.Id, result);
        _open[result.Step.Phase]--;
        if (!Succeeded(result))
            _failedPhases.TryAdd(result.Step.Phase, result);
    }

    /// <summary>Those that need what has failed, each with the failure; to be ended by the caller.</summary>
    public IReadOnlyList<(PlanStep Step, PlanStep Because)> TakeHopeless()
    {
        var hopeless = new List<(PlanStep, PlanStep)>();
        foreach (var step in _waiting)
        {
            if (step.DependsOn.Select(id => _ended.GetValueOrDefault(id)).FirstOrDefault(result => result is not null && !Succeeded(result)) is { } failed)
                hopeless.Add((step, First(failed)));
            else if (step.DependsOnPhases.Select(phase => _failedPhases.GetValueOrDefault(phase)).FirstOrDefault(result => result is not null) is { } phase)
                hopeless.Add((step, First(phase)));
        }

        return hopeless;
    }

    private static bool Succeeded(StepResult result) => result.Status is StepStatus.Done or StepStatus.Unchanged or StepStatus.DoneBefore;

    private bool IsReady(PlanStep step) =>
        step.DependsOn.All(_ended.ContainsKey)
        && step.DependsOnPhases.All(phase => _open.GetValueOrDefault(phase) == 0)
        && step.AfterPhases.All(phase => _open.GetValueOrDefault(phase) == 0);

    // Of a chain of steps that were not begun, the one that failed.
    private PlanStep First(StepResult result)
    {
        for (var i = 0; i < _steps.Count && result.Status == StepStatus.Skipped; i++)
        {
            var before = result.Step.DependsOn.Select(id => _ended.GetValueOrDefault(id))
                .Concat(result.Step.DependsOnPhases.Select(phase => _failedPhases.GetValueOrDefault(phase)))
                .FirstOrDefault(r => r is not null && !Succeeded(r));
            if (before is null)
                break;
            result = before;
        }

        return result.Step;
    }
}
