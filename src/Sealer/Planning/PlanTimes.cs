namespace Sealer.Planning;

/// <summary>Adds up estimates.</summary>
internal static class PlanTimes
{
    /// <summary>The longest chain of steps that wait for each other; steps stand after all that they wait for.</summary>
    public static TimeSpan Longest(IReadOnlyList<PlanStep> steps)
    {
        var ends = new Dictionary<string, TimeSpan>(steps.Count, StringComparer.Ordinal);
        var phases = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        var longest = TimeSpan.Zero;
        foreach (var step in steps)
        {
            var start = TimeSpan.Zero;
            foreach (var before in step.DependsOn)
                start = Later(start, ends.GetValueOrDefault(before));
            foreach (var phase in step.DependsOnPhases.Concat(step.AfterPhases))
                start = Later(start, phases.GetValueOrDefault(phase));
            var own = start + step.Estimate;
            ends[step.Id] = own;
            phases[step.Phase] = Later(own, phases.GetValueOrDefault(step.Phase));
            if (own > longest)
                longest = own;
        }

        return longest;
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
