using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Hosts;

namespace Sealer.PowerShell;

/// <summary>Runs a command or a script on hosts, on many at once (sealer exec).</summary>
/// <remarks>
/// <para>
/// The command is text for the hosts' own POSIX shell, whatever shell the user logs in with. What it writes comes as objects, line by
/// line, while it runs: Host, Text, IsError. A command that ends with another exit code than 0 is an error about that host; the
/// others go on.
/// </para>
/// <para>
/// Text of hosts is cleaned before it is shown: control characters, and commands to agents of pipelines (##vso[...]), do nothing.
/// Secrets given with -SecretVariable are on no command line and in no process list, and are taken out of what comes back.
/// </para>
/// </remarks>
/// <example>
/// <code>Invoke-ClusterCommand 'uptime; df -h /var/lib' -Clusterfile ./Clusterfile</code>
/// On every host of a cluster.
/// </example>
/// <example>
/// <code>Invoke-ClusterCommand 'systemctl is-system-running || true' -Address 10.0.0.11, 10.0.0.12 -PassThru</code>
/// One result a host, with its exit code.
/// </example>
/// <example>
/// <code>Invoke-ClusterCommand -FilePath ./tune.sh -ArgumentList eth0 -Clusterfile ./Clusterfile -Role master -Sudo</code>
/// A script of this machine, as root on the control planes.
/// </example>
/// <example>
/// <code>
/// $token = [securestring]::new()
/// 'secret'.ToCharArray() | &amp; { process { $token.AppendChar($_) } }
/// Invoke-ClusterCommand 'test -n "$TOKEN"' -Address 10.0.0.11 -SecretVariable @{ TOKEN = $token } -Variable @{ STAGE = 'test' } -TimeoutSec 60
/// </code>
/// Variables of its environment, one of them secret, and no longer than a minute.
/// </example>
/// <returns>Lines as they are written; with -PassThru a result a host instead, with the exit code.</returns>
/// <seealso cref="CopyClusterItem"/>
[Cmdlet(VerbsLifecycle.Invoke, "ClusterCommand", SupportsShouldProcess = true, DefaultParameterSetName = ByCommand)]
[OutputType(typeof(HostOutputLine), typeof(ClusterCommandResult))]
public sealed class InvokeClusterCommand : HostCmdlet
{
    private const string ByCommand = "Command";
    private const string ByFilePath = "FilePath";
    private const int ShownCommand = 60;

    /// <summary>What to run: text for a POSIX sh on the host. It can be seen in process lists there; secrets belong into -SecretVariable.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByCommand)]
    [ValidateNotNullOrEmpty]
    public string Command { get; set; } = "";

    /// <summary>A script of this machine. It is run by the interpreter that its first line names, else by sh, and leaves nothing there.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByFilePath)]
    [ValidateNotNullOrEmpty]
    public string FilePath { get; set; } = "";

    /// <summary>Arguments of the script.</summary>
    [Parameter(ParameterSetName = ByFilePath)]
    [AllowEmptyString]
    public string[] ArgumentList { get; set; } = [];

    /// <summary>Runs it as root, through sudo where the user is not.</summary>
    [Parameter]
    public SwitchParameter Sudo { get; set; }

    /// <summary>Variables of its environment, as a hashtable or name=value.</summary>
    [Parameter]
    [KeyValue]
    public Hashtable Variable { get; set; } = [];

    /// <summary>Variables of its environment that hold secrets: names with a SecureString or PSCredential each.</summary>
    [Parameter]
    public Hashtable SecretVariable { get; set; } = [];

    /// <summary>After so many seconds it is stopped on a host, which is an error there.</summary>
    [Parameter]
    [Alias("Timeout")]
    [ValidateRange(1, int.MaxValue / 1000)]
    public int? TimeoutSec { get; set; }

    /// <summary>Returns one result a host with exit code and outputs, at its end, instead of lines.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var make = await OnPipeline(CommandMaker);
        var what = ParameterSetName == ByFilePath ? System.IO.Path.GetFileName(FilePath) : Short(Command);
        var selected = new List<IHost>();
        foreach (var host in hosts.All)
        {
            if (await ShouldProcessAsync(host.Name, $"Run '{what}'{(Sudo ? " as root" : "")}"))
                selected.Add(host);
        }

        var lines = PassThru ? null : new LineSink(this);
        await ForEachHostAsync(
            hosts,
            selected,
            $"Running '{PlainText.Of(what)}'",
            async (host, results, ct) =>
            {
                var started = Stopwatch.GetTimestamp();
                var result = await host.RunAsync(make() with { Lines = lines }, ct);
                if (PassThru)
                    results.Add(new ClusterCommandResult(result, Stopwatch.GetElapsedTime(started)));
                if (!result.Succeeded)
                    throw result.Failure($"'{what}' failed on {host.Name}");
            },
            cancellationToken);
    }

    /// <summary>A command for each host: one that has input can be run once only.</summary>
    private Func<HostCommand> CommandMaker()
    {
        var secrets = new Dictionary<string, Secret>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in SecretVariable)
        {
            var name = LanguagePrimitives.ConvertTo<string>(entry.Key);
            secrets[Name(name)] = (entry.Value is PSObject { BaseObject: string } or string ? null : SecretAttribute.Of(entry.Value))
                ?? throw new SealerException("SecretMissing", ErrorKind.InvalidInput, $"The secret variable {name} has no secret. Give a SecureString or a PSCredential, not text.", name);
        }

        var variables = KeyValueAttribute.Read(Variable);
        foreach (var name in variables.Keys)
            Name(name);
        HostCommand With(HostCommand command) => command with
        {
            Elevated = Sudo,
            Variables = variables,
            Secrets = secrets,
            Timeout = TimeoutSec is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
        if (ParameterSetName == ByCommand)
        {
            var command = With(new HostCommand(Command.Replace("\r\n", "\n", StringComparison.Ordinal)));
            return () => command;
        }

        var path = FullPath(FilePath);
        var content = File.ReadAllBytes(path);
        return () => With(HostScript.Command(System.IO.Path.GetFileName(path), content, ArgumentList));
    }

    private static string Name(string name) => ShellText.IsVariable(name)
        ? name
        : throw new SealerException("InvalidVariableName", ErrorKind.InvalidInput, $"'{name}' cannot be a variable's name. Use letters, digits and underscores.", name);

    private static string Short(string command)
    {
        var line = command.Trim().Split('\n')[0].TrimEnd();
        return line.Length > ShownCommand ? line[..ShownCommand] + "..." : line.Length < command.Trim().Length ? line + " ..." : line;
    }

    private sealed class LineSink(InvokeClusterCommand cmdlet) : IProgress<HostOutputLine>
    {
        public void Report(HostOutputLine value) => cmdlet.Post(value);
    }
}
