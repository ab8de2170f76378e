namespace Sealer.Images.Building.Running;

/// <summary>Everything a runtime has to know, checked and complete.</summary>
internal sealed record ContainerRun
{
    /// <summary>Where the script of a here-document is inside: on the temporary /dev, so that it leaves no trace.</summary>
    public const string ScriptInside = "/dev/sealer-run";

    public required string RootFolder { get; init; }

    /// <summary>A folder of this run alone, for the runtime's files.</summary>
    public required string Bundle { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public required IReadOnlyList<string> Env { get; init; }

    public required string WorkingFolder { get; init; }

    public required RunNetwork Network { get; init; }

    /// <summary>Files of this machine and where they are inside; read-only except for what /etc needs.</summary>
    public required IReadOnlyList<(string Source, string Inside)> Binds { get; init; }

    /// <summary>The script to show at <see cref="ScriptInside"/>, or null.</summary>
    public required string? ScriptFile { get; init; }

    /// <summary>True where no program may gain rights that the one it was begun by has not.</summary>
    public required bool NoNewPrivileges { get; init; }

    public required IdMap Ids { get; init; }

    public required RunIdentity Identity { get; init; }
}

/// <summary>What became of a try to run something.</summary>
/// <param name="ExitCode">The command's exit code; null where it was never begun.</param>
/// <param name="Reason">Why it was not begun.</param>
/// <param name="CommandAtFault">Not begun because of the command itself; another runtime would not begin it either.</param>
internal sealed record RuntimeOutcome(int? ExitCode, string? Reason = null, bool CommandAtFault = false);

/// <summary>A way to run a command apart from the rest of the machine.</summary>
internal interface IContainerRuntime
{
    /// <summary>The program's name, for messages.</summary>
    string Name { get; }

    /// <summary>Runs, and returns when nothing of the command is left running.</summary>
    Task<RuntimeOutcome> RunAsync(ContainerRun run, OutputLines output, CancellationToken cancellationToken);
}
