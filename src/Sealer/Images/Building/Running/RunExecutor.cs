using System.Runtime.Versioning;
using Sealer.Images.Layers;

namespace Sealer.Images.Building.Running;

/// <summary>
/// Carries out RUN: runs a command inside the files of an image, in a container of its own (namespaces for processes,
/// mounts, names and, where the caller is not root, users), and tells what it changed. Only on Linux.
/// </summary>
public sealed class RunExecutor
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private readonly RunExecutorOptions _options;

    /// <param name="options">How and where; null for the defaults.</param>
    public RunExecutor(RunExecutorOptions? options = null) => _options = options ?? new RunExecutorOptions();

    /// <summary>
    /// Runs a command. <see cref="RunRequest.RootFolder"/> holds the result afterwards, also of a command that failed.
    /// </summary>
    /// <returns>
    /// The layer: what is new or changed, and whiteouts of what went away, in ordinal order of paths. Files are read from the
    /// root folder, which must therefore stay as it is until the layer is written. Owners are those inside the container; a
    /// caller who is not root and has no range in /etc/subuid gets everything owned by root.
    /// </returns>
    /// <exception cref="SealerException">
    /// <c>RunNotSupported</c>: this machine cannot run containers, with what to do; <c>RunFailed</c>: the command's exit code
    /// is not 0, or it cannot be begun; with the place and its last output.
    /// </exception>
    public async Task<IReadOnlyList<LayerEntry>> RunAsync(RunRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!OperatingSystem.IsLinux())
            throw new RunNotSupportedException(request.Place, "it needs Linux");
        return await RunOnLinuxAsync(request, cancellationToken).ConfigureAwait(false);
    }

    [SupportedOSPlatform("linux")]
    private async Task<IReadOnlyList<LayerEntry>> RunOnLinuxAsync(RunRequest request, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(request.RootFolder);
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException(root);

        var identity = _options.Identity ?? RunIdentity.Current();
        var temp = Directory.CreateDirectory(Path.GetFullPath(_options.TempFolder ?? Path.GetTempPath())).FullName;
        var bundle = Path.Combine(temp, "sealer-run-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(bundle);
        File.SetUnixFileMode(bundle, identity.Prefix.Count == 0 ? (UnixFileMode)0b111_000_000 : (UnixFileMode)0b111_111_111);
        var mountPoints = new MountPoints(root);
        try
        {
            var ids = await ChooseIdsAsync(identity, bundle, cancellationToken).ConfigureAwait(false);
            if (request.IsConfined)
                ids = new IdMap(identity.Uid, identity.Gid, null, null);
            var before = RootSnapshot.Take(root, cancellationToken);
            if (before.Closed.Count > 0)
            {
                await TakeOverAsync(before, identity, ids, bundle, cancellationToken).ConfigureAwait(false);
                before = RootSnapshot.Take(root, cancellationToken);
            }

            var began = DateTimeOffset.UtcNow;
            var output = new OutputLines(request.Output, request.StandardOutput);
            int exitCode;
            try
            {
                var run = Prepare(request, root, bundle, mountPoints, identity, ids);
                try
                {
                    exitCode = await RunWithAnyAsync(request, run, output, cancellationToken).ConfigureAwait(false);
                }
                catch (RunNotSupportedException) when (request.IsConfined && identity.IsRoot)
                {
                    // Some machines have no user namespaces.
                    ids = IdMap.Same;
                    exitCode = await RunWithAnyAsync(request, run with { Ids = ids }, output, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException)
            {
                // Whoever cancelled wants to delete the folder.
                await TakeOverAsync(RootSnapshot.Take(root, CancellationToken.None), identity, ids, bundle, CancellationToken.None).ConfigureAwait(false);
                throw;
            }
            finally
            {
                mountPoints.Remove();
            }

            var after = RootSnapshot.Take(root, cancellationToken);
            await TakeOverAsync(after, identity, ids, bundle, cancellationToken).ConfigureAwait(false);
            if (request.NewestTime is { } newest)
                RootTimes.Settle(before, after, newest, began);
            var changes = RootChanges.Between(before, after, ids);
            if (exitCode != 0)
                throw Failed(request, $"ended with exit code {exitCode}", output.Last);
            return changes;
        }
        finally
        {
            Directory.Delete(bundle, recursive: true);
        }
    }

    private async Task<int> RunWithAnyAsync(RunRequest request, ContainerRun run, OutputLines output, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        foreach (var name in _options.Runtimes)
        {
            if (ContainerProcess.Find(name) is not { } path)
            {
                reasons.Add($"{name} is not installed");
                continue;
            }

            IContainerRuntime runtime = Path.GetFileName(path) == "unshare" ? new UnshareRuntime(path) : new OciRuntime(path);
            var outcome = await runtime.RunAsync(run, output, cancellationToken).ConfigureAwait(false);
            if (outcome.ExitCode is { } exitCode)
                return exitCode;
            if (outcome.CommandAtFault)
            {
                var hint = outcome.Reason!.Contains("format error", StringComparison.OrdinalIgnoreCase)
                    ? " (the program is for another processor: build that platform on such a machine, or install qemu-user-static)"
                    : "";
                throw Failed(request, $"cannot be begun: {outcome.Reason}{hint}", output.Last);
            }

            reasons.Add($"{runtime.Name}: {outcome.Reason}");
        }

        throw new RunNotSupportedException(request.Place, string.Join("; ", reasons));
    }

    [SupportedOSPlatform("linux")]
    private static ContainerRun Prepare(
        RunRequest request, string root, string bundle, MountPoints mountPoints, RunIdentity identity, IdMap ids)
    {
        foreach (var folder in new[] { "proc", "sys", "dev" })
            mountPoints.Folder(folder);
        var binds = new List<(string, string)>();
        // Copies: what the command writes there is neither the machine's business nor the image's.
        Bind("hosts", request.Network == RunNetwork.Host ? "/etc/hosts" : null, "127.0.0.1 localhost\n::1 localhost\n");
        if (request.Network == RunNetwork.Host)
            Bind("resolv.conf", "/etc/resolv.conf", "");

        var (arguments, script) = ArgumentsOf(request, root, bundle);
        return new ContainerRun
        {
            RootFolder = root,
            Bundle = bundle,
            Arguments = arguments,
            Env = EnvOf(request),
            WorkingFolder = request.WorkingFolder.StartsWith('/') ? request.WorkingFolder : "/" + request.WorkingFolder,
            Network = request.Network,
            Binds = binds,
            ScriptFile = script,
            NoNewPrivileges = request.IsConfined,
            Ids = ids,
            Identity = identity,
        };

        void Bind(string name, string? source, string otherwise)
        {
            if (mountPoints.File("etc/" + name) is not { } inside)
                return;
            var copy = Path.Combine(bundle, name);
            File.WriteAllText(copy, source is not null && File.Exists(source) ? File.ReadAllText(source) : otherwise);
            binds.Add((copy, inside));
        }
    }

    [SupportedOSPlatform("linux")]
    private static (IReadOnlyList<string> Arguments, string? ScriptFile) ArgumentsOf(RunRequest request, string root, string bundle)
    {
        switch (request.Command)
        {
            case RunCommand.Exec { Arguments: { Count: > 0 } arguments } when arguments[0].Length > 0:
                return (arguments, null);
            case RunCommand.Exec:
                throw new SealerException("RunFailed", ErrorKind.InvalidInput, $"{request.Place}: RUN has no program to run. Write RUN command, or RUN [\"program\", \"argument\"].", request.Place);
            case RunCommand.Script { Text: var text } when text.StartsWith("#!", StringComparison.Ordinal):
                var file = Path.Combine(bundle, "script");
                File.WriteAllText(file, text);
                File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
                return ([ContainerRun.ScriptInside], file);
            default:
                var shell = RootPath.Resolve(root, "bin/sh");
                if (shell is null || Posix.Stat(Path.Combine(root, shell)) is null)
                {
                    throw new SealerException(
                        "RunFailed",
                        ErrorKind.InvalidInput,
                        $"{request.Place}: there is no /bin/sh in the image, which RUN needs. COPY one into it first (a static busybox does), write the command as RUN [\"program\", \"argument\"], or do the work before the build and COPY the result.",
                        request.Place);
                }

                var command = request.Command is RunCommand.Shell s ? s.Text : ((RunCommand.Script)request.Command).Text;
                return (["/bin/sh", "-c", command], null);
        }
    }

    private static List<string> EnvOf(RunRequest request)
    {
        var env = new List<string>();
        foreach (var variable in request.Env)
        {
            var name = variable.Split('=', 2)[0];
            if (name.Length == variable.Length || name.Length == 0 || name[0] == '-' || variable.Contains('\0', StringComparison.Ordinal))
            {
                // Not the value: it may be a secret.
                throw new SealerException("RunFailed", ErrorKind.InvalidInput, $"{request.Place}: '{name}' is not a variable of the form NAME=value.", request.Place);
            }

            env.RemoveAll(v => v.StartsWith(name + "=", StringComparison.Ordinal));
            env.Add(variable);
        }

        if (!env.Exists(v => v.StartsWith("PATH=", StringComparison.Ordinal)))
            env.Insert(0, "PATH=" + DefaultPath);
        if (!env.Exists(v => v.StartsWith("HOME=", StringComparison.Ordinal)))
            env.Add("HOME=/root");
        return env;
    }

    private static async Task<IdMap> ChooseIdsAsync(RunIdentity identity, string bundle, CancellationToken cancellationToken)
    {
        if (identity.IsRoot)
            return IdMap.Same;
        var single = new IdMap(identity.Uid, identity.Gid, null, null);
        if (!File.Exists("/etc/subuid") || !File.Exists("/etc/subgid")
            || ContainerProcess.Find("newuidmap") is null || ContainerProcess.Find("unshare") is null)
        {
            return single;
        }

        var user = await NameOfAsync(identity.Uid, cancellationToken).ConfigureAwait(false);
        var users = IdMap.Granted(await File.ReadAllTextAsync("/etc/subuid", cancellationToken).ConfigureAwait(false), user, identity.Uid);
        var groups = IdMap.Granted(await File.ReadAllTextAsync("/etc/subgid", cancellationToken).ConfigureAwait(false), user, identity.Uid);
        if (users is null || groups is null)
            return single;
        // Only where files of those users can be taken back afterwards (util-linux 2.38) is it of use to have them.
        return await InUserNamespaceAsync(identity, bundle, ["true"], cancellationToken).ConfigureAwait(false) == 0
            ? single with { Users = users, Groups = groups }
            : single;
    }

    /// <summary>
    /// Makes sure that all files can be read into the layer and deleted, by somebody who is not root: files of other users
    /// inside become ours, and what is closed to its owner is opened. The snapshot keeps what they were.
    /// </summary>
    [SupportedOSPlatform("linux")]
    private static async Task TakeOverAsync(
        RootSnapshot after, RunIdentity identity, IdMap ids, string bundle, CancellationToken cancellationToken)
    {
        if (!ids.IsMapped)
            return;
        var opened = new HashSet<string>(StringComparer.Ordinal);
        while (after.Closed.Count > 0)
        {
            if (after.Closed.FirstOrDefault(f => !opened.Add(f)) is { } stillClosed)
                throw new UnauthorizedAccessException($"The folder {Path.Combine(after.Root, stillClosed)} cannot be read.");
            await OpenAsync(after.Closed).ConfigureAwait(false);
            after.Complete(cancellationToken);
        }

        await OpenAsync(after.Files.Where(f => f.Value.Type is FileState.File or FileState.Folder).Select(f => f.Key)).ConfigureAwait(false);

        async Task OpenAsync(IEnumerable<string> paths)
        {
            var all = paths.Select(p => (Path: Path.Combine(after.Root, p), State: after.Files[p])).ToList();
            foreach (var foreign in all.Where(f => f.State.Uid != identity.Uid).Chunk(500))
                await InUserNamespaceAsync(identity, bundle, ["chown", "-h", "0:0", "--", .. foreign.Select(f => f.Path)], cancellationToken).ConfigureAwait(false);
            foreach (var (path, state) in all)
            {
                var needed = state.Type == FileState.Folder ? 0b111_000_000 : 0b100_000_000;
                if ((state.Mode & needed) != needed)
                    File.SetUnixFileMode(path, (UnixFileMode)(state.Mode | needed));
            }
        }
    }

    private static async Task<int> InUserNamespaceAsync(
        RunIdentity identity, string bundle, IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        await ContainerProcess.RunAsync(
            identity, bundle,
            [ContainerProcess.Find("unshare")!, "--user", "--map-root-user", "--map-auto", "--", .. command],
            new OutputLines(null), null, cancellationToken).ConfigureAwait(false);

    private static async Task<string> NameOfAsync(uint uid, CancellationToken cancellationToken)
    {
        var number = uid.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var line in await File.ReadAllLinesAsync("/etc/passwd", cancellationToken).ConfigureAwait(false))
        {
            var parts = line.Split(':');
            if (parts.Length > 2 && parts[2] == number)
                return parts[0];
        }

        return Environment.UserName;
    }

    private static SealerException Failed(RunRequest request, string what, string lastOutput) => new(
        "RunFailed",
        ErrorKind.InvalidInput,
        $"{request.Place}: the command of RUN {what}."
        + (lastOutput.Length == 0 ? " It wrote nothing." : " Its last output:\n" + lastOutput),
        request.Place);
}
