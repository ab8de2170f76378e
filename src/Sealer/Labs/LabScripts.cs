namespace Sealer.Labs;

/// <summary>The shell scripts that hosts are run with.</summary>
internal static class LabScripts
{
    public const string Run = "host-run.sh";

    public const string Relay = "link-relay.pl";

    private static readonly string[] OfHosts = [Run, "host-init.sh", Relay];

    /// <summary>What is done in a fresh tree.</summary>
    public static string TreePreparation { get; } = Read("tree-prep.sh");

    /// <summary>Writes those that run hosts: a lab keeps its own, whatever version of this removes it.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in OfHosts)
            File.WriteAllText(Path.Combine(folder, name), Read(name));
    }

    private static string Read(string name) => EmbeddedText.Read("Labs/", name);
}
