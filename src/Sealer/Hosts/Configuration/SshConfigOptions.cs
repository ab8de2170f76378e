namespace Sealer.Hosts.Configuration;

/// <summary>Whose configuration is read, and where.</summary>
public sealed record SshConfigOptions
{
    /// <summary>The user's home folder; <c>~</c> and <c>%d</c>.</summary>
    public string Home { get; init; } = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>The user's name here; <c>%u</c>, and the user at a host where nothing else is said.</summary>
    public string LocalUser { get; init; } = Environment.UserName;

    /// <summary>This machine's name; <c>%l</c>, and up to its first dot <c>%L</c>.</summary>
    public string LocalHost { get; init; } = Environment.MachineName;

    /// <summary>The user's file; null means <c>.ssh/config</c> in <see cref="Home"/>.</summary>
    public string? UserFile { get; init; }

    /// <summary>The machine's file, which counts after the user's.</summary>
    public string SystemFile { get; init; } = OperatingSystem.IsWindows()
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "ssh", "ssh_config")
        : "/etc/ssh/ssh_config";

    /// <summary>The machine's file is not read, as with <c>ssh -F FILE</c>.</summary>
    public bool IgnoresSystemFile { get; init; }

    /// <summary>Reads an environment variable, for <c>${NAME}</c>.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>
    /// Runs the command of a <c>Match exec</c>, tokens expanded, and says whether it succeeded. Without it such a criterion
    /// that decides is an error: a command is not run unless somebody chose to.
    /// </summary>
    public Func<string, bool>? Execute { get; init; }
}
