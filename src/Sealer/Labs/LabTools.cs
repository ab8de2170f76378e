using System.Diagnostics;
using System.Globalization;
using Sealer.Hosts;
using Sealer.Images.Building.Running;

namespace Sealer.Labs;

/// <summary>The programs of this machine that labs are made with.</summary>
internal static class LabTools
{
    private const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly (string Program, string Package)[] Needed =
    [
        ("unshare", "util-linux"), ("nsenter", "util-linux"), ("setsid", "util-linux"), ("setpriv", "util-linux"), ("mount", "mount"), ("ip", "iproute2"),
        ("tc", "iproute2"), ("ssh-keygen", "openssh-client"), ("chroot", "coreutils"), ("pivot_root", "util-linux"),
    ];

    /// <summary>Refuses a machine that cannot have labs.</summary>
    /// <exception cref="SealerException"><c>LabNotSupported</c>, <c>LabNeedsRoot</c>, <c>LabToolMissing</c>.</exception>
    public static void CheckMachine()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SealerException(
                "LabNotSupported", ErrorKind.NotSupported,
                "Labs are made of Linux namespaces. Run this on a Linux machine, or in the virtual machine of WSL 2 or Hyper-V.");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            throw new SealerException(
                "LabNeedsRoot", ErrorKind.ResourceUnavailable,
                "A lab needs root: it makes namespaces, mounts and network links. Run this with sudo.");
        }

        Require([.. Needed]);
        if (!File.ReadLines("/proc/filesystems").Any(line => line.EndsWith("\toverlay", StringComparison.Ordinal)) && !TryLoad("overlay"))
        {
            throw new SealerException(
                "LabOverlayMissing", ErrorKind.ResourceUnavailable,
                "This kernel has no overlay file system, which the hosts of a lab share their files by. Load the module overlay, or use a kernel that has it.");
        }
    }

    /// <summary>Refuses what is missing, each with the Debian package that has it.</summary>
    /// <exception cref="SealerException"><c>LabToolMissing</c>.</exception>
    public static void Require(params (string Program, string Package)[] tools)
    {
        var missing = tools.Where(tool => ContainerProcess.Find(tool.Program) is null).ToList();
        if (missing.Count == 0)
            return;
        var packages = string.Join(' ', missing.Select(tool => tool.Package).Distinct());
        throw new SealerException(
            "LabToolMissing", ErrorKind.ResourceUnavailable,
            $"This machine lacks {string.Join(", ", missing.Select(tool => tool.Program))}, which a lab is made with. Install the packages (of Debian): apt-get install {packages}",
            missing[0].Program);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Seen in process lists: no secrets.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public static async Task<HostCommandResult> RunAsync(
        string program, IEnumerable<string> arguments, string input = "", CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = new Process { StartInfo = StartOf(program, arguments) };
        process.Start();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken).ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It reads no more; how it ends tells why.
            }

            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return new HostCommandResult(
                "This machine", process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false), false);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Runs a program, and refuses its failure.</summary>
    /// <exception cref="SealerException"><c>LabStepFailed</c>.</exception>
    public static async Task RequireAsync(
        string what, string program, IEnumerable<string> arguments, string input = "", CancellationToken cancellationToken = default)
    {
        var result = await RunAsync(program, arguments, input, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded)
            throw Failed(what, $"{program} ended with {result.ExitCode.ToString(CultureInfo.InvariantCulture)}", Words(result));
    }

    /// <summary>An error in the making of a lab, with the words of who failed.</summary>
    public static SealerException Failed(string what, string how, string words, object? target = null, Exception? inner = null) => new(
        "LabStepFailed", ErrorKind.ResourceUnavailable,
        $"The lab could not {what}: {how}. {(words.Length == 0 ? "Nothing more is known." : $"Its own words: {HostText.Shown(Tail(words))}")}", target, inner);

    /// <summary>What a program said of why it failed.</summary>
    public static string Words(HostCommandResult result) =>
        result.Error.Trim() is { Length: > 0 } error ? error : result.Output.Trim();

    private static string Tail(string words) => words.Length > 2000 ? "... " + words[^2000..] : words;

    private static bool TryLoad(string module)
    {
        if (ContainerProcess.Find("modprobe") is not { } modprobe)
            return false;
        using var process = new Process { StartInfo = StartOf(modprobe, [module]) };
        process.Start();
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static ProcessStartInfo StartOf(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(ContainerProcess.Find(program) ?? program, arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Nothing of the caller's gets into a host. Proxies are for the one program that loads packages, which names them itself.
        foreach (var name in start.Environment.Keys.Where(name => !name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment["PATH"] = Path;
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }
}
