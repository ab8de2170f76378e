using System.Globalization;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>A plan for people to read.</summary>
public static class PlanText
{
    /// <summary>Every step of every host, what and why, harmless to print.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="width">Characters in a line, which ends between words; 0 for any number.</param>
    public static string Of(Plan plan, int width = 0) =>
        PlainText.Of(string.Join('\n', Lines(plan).Select(line => width == 0 ? line : Broken(line, width))));

    /// <summary>In one line, as <c>12 steps on 4 hosts, 1.46 GiB, about 40 s</c>.</summary>
    internal static string Summary(Plan plan) => plan.Steps.Count == 0
        ? plan.IsSatisfied ? "nothing to do" : $"nothing to do on the hosts that could be asked; {Count(plan.Hosts.Count(host => host.Unreachable is not null), "host")} could not"
        : $"{Count(plan.Steps.Count, "step")} on {Count(plan.Steps.Select(step => step.Host).Distinct().Count(), "host")}, {ByteSize.Format(plan.Bytes)}, about {ShownTime.Of(plan.Estimate)}";

    private static IEnumerable<string> Lines(Plan plan)
    {
        yield return $"Plan {plan.Id} of {plan.Cluster}{(plan.Image is null ? "" : $" with {plan.Image}")}: {Summary(plan)}";
        foreach (var host in plan.Hosts)
        {
            var steps = plan.Steps.Where(step => step.Host == host.Name).ToList();
            if (steps.Count == 0 && host.Unreachable is null)
                continue;
            yield return $"  {host.Name} ({string.Join(", ", host.Roles)})";
            if (host.Unreachable is { } why)
                yield return $"    cannot be asked: {why}";
            foreach (var step in steps)
            {
                yield return $"    {step.What}";
                yield return $"      {step.Why}{(step.Bytes > 0 ? $"; {ByteSize.Format(step.Bytes)}" : "")}; about {ShownTime.Of(step.Estimate)}; risk {step.Risk.ToString().ToLowerInvariant()}";
            }
        }

        foreach (var note in plan.Notes)
            yield return $"  Note: {note}";
    }

    // What goes on in the next line is indented as its line is.
    private static string Broken(string line, int width)
    {
        var indent = line[..^line.TrimStart().Length];
        return indent + ShownText.Of(line, width - indent.Length).Replace("\n", "\n" + indent, StringComparison.Ordinal);
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}s");
}
