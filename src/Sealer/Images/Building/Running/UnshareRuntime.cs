namespace Sealer.Images.Building.Running;

/// <summary>
/// Runs with util-linux (unshare, mount, setpriv) where neither crun nor runc is installed, with the same
/// namespaces, capabilities and closed paths.
/// </summary>
internal sealed class UnshareRuntime(string path) : IContainerRuntime
{
    // What C libraries and their loaders take from the environment and act upon: glibc's list of what set-user-id programs
    // must not see. setpriv and chroot still run on this machine, from the image's folder: a variable of the image that
    // names a library there would have it loaded outside.
    private static readonly HashSet<string> Unsafe = new(StringComparer.Ordinal)
    {
        "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "MALLOC_CHECK_", "MALLOC_TRACE",
        "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR",
    };

    // What shells keep for themselves: setting it there fails, or does more than setting it.
    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal)
    {
        "_", "EUID", "LINENO", "OLDPWD", "OPTARG", "OPTERR", "OPTIND", "POSIXLY_CORRECT", "PPID", "PWD", "SHELLOPTS", "SHLVL", "UID",
    };

    // By the image's own shell, once nothing of this machine is in sight.
    private const string Inside = """
        cd "$1" || exit 1; shift
        if [ -e /dev/sealer-env ]; then . /dev/sealer-env; fi
        exec "$@"
        """;

    private static readonly string[] Tools = ["setsid", "sh", "mount", "ln", "mkdir", "cp", "chmod", "env", "setpriv", "chroot"];

    // The variables come from a file: what is in arguments, every user of the machine can read.
    // The root folder is moved over the root of the mount namespace before chroot: a chroot alone can be left again.
    private const string Script = """
        set -e
        root=$1 started=$2 script=$3 bundle=$4; shift 4
        "$MOUNT" --bind "$root" "$root"
        cd "$root"
        while [ "$1" != -- ]; do "$MOUNT" --bind "$1" ".$2"; shift 2; done; shift
        "$MOUNT" -t proc -o nosuid,nodev,noexec proc ./proc
        "$MOUNT" -t tmpfs -o nosuid,mode=755,size=64m tmpfs ./dev
        for d in null zero full random urandom; do : > "./dev/$d"; "$MOUNT" --bind "/dev/$d" "./dev/$d"; done
        "$LN" -s /proc/self/fd ./dev/fd; "$LN" -s fd/0 ./dev/stdin; "$LN" -s fd/1 ./dev/stdout; "$LN" -s fd/2 ./dev/stderr
        "$MKDIR" ./dev/shm
        "$MOUNT" -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=64m shm ./dev/shm
        if [ -n "$script" ]; then "$CP" "$script" ./dev/sealer-run; "$CHMOD" 755 ./dev/sealer-run; fi
        if [ -e "$bundle/env-inside" ]; then "$CP" "$bundle/env-inside" ./dev/sealer-env; fi
        if ! "$MOUNT" -t sysfs -o ro,nosuid,nodev,noexec sysfs ./sys 2>/dev/null; then
          "$MOUNT" --rbind /sys ./sys
          "$MOUNT" -o remount,bind,ro,nosuid,nodev,noexec ./sys 2>/dev/null || :
        fi
        for p in $CLOSED; do
          if [ -d ".$p" ]; then "$MOUNT" -t tmpfs -o ro,size=4k closed ".$p"
          elif [ -e ".$p" ]; then "$MOUNT" --bind /dev/null ".$p"; fi
        done
        for p in $READONLY; do
          if [ -e ".$p" ]; then "$MOUNT" --bind ".$p" ".$p"; "$MOUNT" -o remount,bind,ro,nosuid,nodev,noexec ".$p"; fi
        done
        "$MOUNT" -n --move . /
        : > "$started"
        unset XDG_RUNTIME_DIR MOUNT LN MKDIR CP CHMOD CLOSED READONLY PWD OLDPWD SHLVL
        . "$bundle/env"
        exec "$@"
        """;

    public string Name => "unshare";

    public async Task<RuntimeOutcome> RunAsync(ContainerRun run, OutputLines output, CancellationToken cancellationToken)
    {
        var tools = Tools.ToDictionary(t => t, ContainerProcess.Find);
        if (tools.FirstOrDefault(t => t.Value is null).Key is { } missing)
            return new RuntimeOutcome(null, $"{missing} is not installed");

        var started = Path.Combine(run.Bundle, "started");
        File.Delete(started);
        var unsafeOnes = run.Env.Where(v => !IsSafe(v)).ToList();
        await WriteVariablesAsync(run, unsafeOnes, tools["env"]!, cancellationToken).ConfigureAwait(false);
        var bounding = "-all," + string.Join(',', OciRuntimeSpec.Capabilities.Select(c => "+" + c["CAP_".Length..].ToLowerInvariant()));
        List<string> command =
        [
            path, "--mount", "--pid", "--fork", "--ipc", "--uts", "--kill-child",
            .. run.Network == RunNetwork.None ? ["--net"] : Array.Empty<string>(),
            .. run.Ids.IsMapped ? ["--user", "--map-root-user"] : Array.Empty<string>(),
            .. run.Ids.HasMore ? ["--map-auto"] : Array.Empty<string>(),
            // Without a terminal of its own: a command that reached the caller's could type into it.
            tools["setsid"]!, tools["env"]!,
            .. new[] { "mount", "ln", "mkdir", "cp", "chmod" }.Select(t => $"{t.ToUpperInvariant()}={tools[t]}"),
            "CLOSED=" + string.Join(' ', OciRuntimeSpec.MaskedPaths), "READONLY=" + string.Join(' ', OciRuntimeSpec.ReadOnlyPaths),
            tools["sh"]!, "-c", Script, "sealer-run",
            run.RootFolder, started, run.ScriptFile ?? "", run.Bundle,
            .. run.Binds.SelectMany(b => new[] { b.Source, b.Inside }), "--",
            tools["setpriv"]!, "--bounding-set=" + bounding, "--inh-caps=-all",
            .. run.NoNewPrivileges ? ["--no-new-privs"] : Array.Empty<string>(),
            tools["chroot"]!, ".",
            // chroot cannot change the folder; the image's own shell does where another one than the root is asked for.
            .. run.WorkingFolder == "/" && unsafeOnes.Count == 0
                ? Array.Empty<string>()
                : ["/bin/sh", "-c", Inside, "sealer-run", run.WorkingFolder],
            .. run.Arguments,
        ];
        var exitCode = await ContainerProcess.RunAsync(run.Identity, run.Bundle, command, output, null, cancellationToken).ConfigureAwait(false);
        if (!File.Exists(started))
            return new RuntimeOutcome(null, output.Last.Length > 0 ? output.Last.Split('\n')[^1] : $"exit code {exitCode}");
        return exitCode is 126 or 127 && output.Last.Split('\n')[^1] is var last && last.Contains("chroot: failed to run command", StringComparison.Ordinal)
            ? new RuntimeOutcome(null, last, CommandAtFault: true)
            : new RuntimeOutcome(exitCode);
    }

    private static async Task WriteVariablesAsync(
        ContainerRun run, List<string> unsafeOnes, string env, CancellationToken cancellationToken)
    {
        var plain = run.Env.Except(unsafeOnes).Where(IsPlain).ToList();

        // Bash exports "_" unasked. The few that a shell cannot set are arguments of env, until that has begun the next program.
        var others = run.Env.Except(unsafeOnes).Except(plain).Select(Quoted);
        await WriteAsync("env", [.. plain.Select(Export), $"set -- {Quoted(env)} -u _ {string.Join(' ', others)} \"$@\""]).ConfigureAwait(false);
        if (unsafeOnes.Count > 0)
            await WriteAsync("env-inside", unsafeOnes.Select(Export)).ConfigureAwait(false);

        async Task WriteAsync(string name, IEnumerable<string> lines)
        {
            var file = Path.Combine(run.Bundle, name);
            await File.WriteAllTextAsync(file, string.Concat(lines.Select(line => line + "\n")), cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Export(string variable) => "export " + Quoted(variable);

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(string variable)
    {
        var name = variable.Split('=', 2)[0];
        return !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            && !Shells.Contains(name) && !name.StartsWith("BASH", StringComparison.Ordinal) && !name.StartsWith("HIST", StringComparison.Ordinal);
    }

    private static bool IsSafe(string variable) =>
        !variable.StartsWith("LD_", StringComparison.Ordinal) && !Unsafe.Contains(variable.Split('=', 2)[0]);
}
