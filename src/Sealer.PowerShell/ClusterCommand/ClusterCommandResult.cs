using Sealer.Hosts;

namespace Sealer.PowerShell;

/// <summary>What came of a command on one host.</summary>
public sealed class ClusterCommandResult
{
    internal ClusterCommandResult(HostCommandResult result, TimeSpan duration)
    {
        (Host, ExitCode, Truncated, Duration) = (result.Host, result.ExitCode, result.Truncated, duration);
        (Output, Error, RawOutput) = (result.ShownOutput, result.ShownError, result.OutputWithoutSecrets);
    }

    /// <summary>The host.</summary>
    public string Host { get; }

    /// <summary>0 to 255; 128 and the signal's number where a signal ended it.</summary>
    public int ExitCode { get; }

    /// <summary>It ended with 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Its standard output, harmless to print; of more than a MiB the beginning and the end.</summary>
    public string Output { get; }

    /// <summary>Its standard error, likewise.</summary>
    public string Error { get; }

    /// <summary>Its standard output as it was written, but for secrets that were given: for programs, not to be printed.</summary>
    public string RawOutput { get; }

    /// <summary>Something was left out of either.</summary>
    public bool Truncated { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; }
}
