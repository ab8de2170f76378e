namespace Sealer.Benchmarks;

/// <summary>One line of the table: ours against a peer on the same input, in the same run.</summary>
/// <param name="What">What is done.</param>
/// <param name="Peer">The peer's command, short.</param>
/// <param name="Ours">Our median run.</param>
/// <param name="Theirs">The peer's median run.</param>
/// <param name="Goal">How many times faster we have to be.</param>
internal sealed record Row(string What, string Peer, Measurement Ours, Measurement Theirs, double Goal)
{
    private double Ratio => Theirs.Seconds / Ours.Seconds;

    public static string Header =>
        """
        | what | peer | peer s | ours s | times faster | goal | peer cpu s | ours cpu s | ours MiB |
        |---|---|---|---|---|---|---|---|---|
        """;

    public override string ToString() => FormattableString.Invariant(
        $"| {What} | {Peer} | {Theirs.Seconds:f2} | {Ours.Seconds:f2} | {Ratio:f1} {(Ratio >= Goal ? "reached" : "MISSED")} | {Goal:f1} | {Theirs.CpuSeconds:f1} | {Ours.CpuSeconds:f1} | {Ours.PeakMebibytes:f0} |");
}
