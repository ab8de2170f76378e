using System.Text.RegularExpressions;

namespace Sealer.Images.Building.Running;

/// <summary>Runs with crun or runc, without a daemon, systemd or cgroups.</summary>
internal sealed partial class OciRuntime(string path) : IContainerRuntime
{
    public string Name => Path.GetFileName(path);

    public async Task<RuntimeOutcome> RunAsync(ContainerRun run, OutputLines output, CancellationToken cancellationToken)
    {
        var log = Path.Combine(run.Bundle, $"{Name}.log");
        await File.WriteAllTextAsync(Path.Combine(run.Bundle, "config.json"), OciRuntimeSpec.Create(run).ToJsonString(), cancellationToken).ConfigureAwait(false);
        // A RUN is limited by nothing, so that cgroups, which often are not there or not ours, are left alone.
        string[] options = Name.Contains("crun", StringComparison.Ordinal)
            ? ["--root", Path.Combine(run.Bundle, "state"), "--cgroup-manager=disabled", "--log", "file:" + log]
            : ["--root", Path.Combine(run.Bundle, "state"), "--rootless", run.Identity.IsRoot ? "auto" : "true", "--log", log];
        string[] command = [path, .. options, "run", "--bundle", run.Bundle, Id(run)];
        var exitCode = await ContainerProcess.RunAsync(
            run.Identity, run.Bundle, command, output, () => KillAsync(run, options), cancellationToken).ConfigureAwait(false);

        // The log is the runtime's own and never the command's, so that an error there means it was not begun.
        var error = exitCode == 0 ? null : LastError(log);
        return error is null
            ? new RuntimeOutcome(exitCode)
            : new RuntimeOutcome(null, error, CommandAtFault().IsMatch(error));
    }

    /// <summary>One for each run: runc names a cgroup by it, which two builds at once would share, and end together.</summary>
    private static string Id(ContainerRun run) => Path.GetFileName(run.Bundle);

    private async Task KillAsync(ContainerRun run, string[] options) =>
        await ContainerProcess.RunAsync(
            run.Identity, run.Bundle, [path, .. options, "delete", "--force", Id(run)], new OutputLines(null), null, CancellationToken.None).ConfigureAwait(false);

    private static string? LastError(string log)
    {
        if (!File.Exists(log))
            return null;
        // runc: time="..." level=error msg="..."; crun: the message alone, after a time in some versions.
        var lines = File.ReadAllLines(log)
            .Where(l => l.Length > 0 && !l.Contains("level=warning", StringComparison.Ordinal) && !l.Contains("level=info", StringComparison.Ordinal))
            .ToList();
        if (lines.Count == 0)
            return null;
        var message = Message().Match(lines[^1]);
        return message.Success ? message.Groups[1].Value.Replace("\\\"", "\"", StringComparison.Ordinal) : lines[^1];
    }

    [GeneratedRegex("""msg="(.*)"$""")]
    private static partial Regex Message();

    [GeneratedRegex("exec: \"|exec:? .*(format error|Permission denied|No such file)|executable (file )?[`\"'].*not found|executable file not found|exec format error|chdir to cwd|mkdir cwd|cwd ")]
    private static partial Regex CommandAtFault();
}
