using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Makes of what happens to steps one line of progress a host.</summary>
/// <param name="plan">The plan.</param>
/// <param name="events">Told.</param>
internal sealed class HostLines(Plan plan, IProgress<SealerEvent> events)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, Line> _lines = plan.Steps.GroupBy(step => step.Host, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => new Line([.. group]), StringComparer.Ordinal);

    public void Report(StepEvent what)
    {
        ProgressEvent line;
        lock (_gate)
            line = _lines[what.Step.Host].Take(what, $"Delivering {plan.Cluster}");
        events.Report(line);
    }

    private sealed class Line(IReadOnlyList<PlanStep> steps)
    {
        private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
        private readonly Dictionary<string, double> _parts = new(StringComparer.Ordinal);
        private readonly long _total = steps.Sum(step => Weight(step));
        private string _at = "waits";

        public ProgressEvent Take(StepEvent what, string activity)
        {
            switch (what)
            {
                case StepStartedEvent:
                    _at = what.Step.What;
                    break;
                case StepProgressEvent { Total: > 0 } progress:
                    _at = what.Step.What;
                    _parts[what.Step.Id] = Math.Clamp((double)progress.Done / progress.Total, 0, 1);
                    break;
                case StepEndedEvent ended:
                    _ended.Add(what.Step.Id);
                    _parts[what.Step.Id] = 1;
                    if (ended.Result.Status is StepStatus.Failed)
                        _at = "failed";
                    break;
            }

            var done = (long)steps.Sum(step => Weight(step) * _parts.GetValueOrDefault(step.Id));
            return new ProgressEvent(activity, what.Step.Host, _ended.Count == steps.Count ? _total : Math.Min(done, _total - 1), _total)
            {
                Status = $"{_ended.Count} of {steps.Count} steps{(_ended.Count < steps.Count ? $", {_at}" : "")}",
            };
        }

        // By time: a plugin counts as well as a gigabyte.
        private static long Weight(PlanStep step) => Math.Max(1, (long)step.Estimate.TotalMilliseconds);
    }
}
