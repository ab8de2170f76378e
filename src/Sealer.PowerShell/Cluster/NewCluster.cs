using System.Management.Automation;
using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Images;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Makes a cluster of hosts that are named or piped in, without a Clusterfile at first (sealer run).</summary>
/// <remarks>
/// <para>
/// Writes the Clusterfile that says it, and delivers it as Invoke-ClusterApply does: New-Clusterfile and Invoke-ClusterApply in one. For
/// all that a Clusterfile can say besides, write one with New-Clusterfile.
/// </para>
/// <para>
/// No password is written: the file says by which variable it is looked for (SEALER_SSH_PASSWORD, SEALER_SSH_KEY_PASSPHRASE,
/// SEALER_SUDO_PASSWORD). The same command goes on where it was left.
/// </para>
/// </remarks>
/// <example>
/// <code>New-Cluster skyline:v3 -ControlPlane 127.0.0.11 -Worker 127.0.0.12 -Clusterfile ./run/Clusterfile -WhatIf</code>
/// Shows what would be done, and does nothing.
/// </example>
/// <example>
/// <code pwsh="true">Get-ClusterLab sky | New-Cluster skyline:v3 -Name sky -ControlPlaneCount 3 -Confirm:$false | Get-ClusterNode</code>
/// The first three hosts of a lab become control planes, the others workers.
/// </example>
/// <returns>The cluster as it is then.</returns>
/// <seealso cref="NewClusterfile"/>
/// <seealso cref="InvokeClusterApply"/>
[Cmdlet(VerbsCommon.New, "Cluster", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class NewCluster : DeliveryCmdlet
{
    private readonly List<HostTarget> _piped = [];

    /// <summary>The cluster image, of the local store.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNull]
    public ImageReference Image { get; set; } = null!;

    /// <summary>The cluster's name; it becomes a folder on hosts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "my-cluster";

    /// <summary>Control planes (sealer -m): addresses, ranges <c>10.0.0.2-10.0.0.4</c>, several with commas between.</summary>
    [Parameter]
    [Alias("Master", "Masters")]
    public string[] ControlPlane { get; set; } = [];

    /// <summary>Workers (sealer -n), in the same forms.</summary>
    [Parameter]
    [Alias("Node", "Nodes")]
    public string[] Worker { get; set; } = [];

    /// <summary>How many of the piped hosts that have no Role become control planes; the others become workers.</summary>
    [Parameter]
    [ValidateRange(0, 99)]
    [PSDefaultValue(Help = "1, or none where -ControlPlane is given")]
    public int? ControlPlaneCount { get; set; }

    /// <summary>The Clusterfile that is written. One that is there and says the same is gone on with; another is not replaced.</summary>
    [Parameter]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "The file Clusterfile in the current folder")]
    public override string? Clusterfile { get; set; } = "Clusterfile";

    // There is none yet.
    private protected override Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (InputObject is not null)
            _piped.Add(HostTargets.Of(InputObject));
        return Task.CompletedTask;
    }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (ControlPlane.Length + Worker.Length + _piped.Count == 0)
            throw new SealerException("NoHosts", ErrorKind.InvalidInput, "No hosts were named. Give -ControlPlane and -Worker, or pipe hosts.");
        var path = await OnPipeline(() => FullPath(Clusterfile!));
        if (Directory.Exists(path))
            path = System.IO.Path.Combine(path, "Clusterfile");
        var spec = Clusterfiles.Clusterfile.Create(Draft()) with { Commands = Command };
        if (File.Exists(path) && Sealer.Clusterfiles.Clusterfile.ReadFile(path, new ClusterfileReadOptions { ResolveSecrets = false }).Spec is var there
            && (there is null || Sealer.Clusterfiles.Clusterfile.Write(there) != Sealer.Clusterfiles.Clusterfile.Write(spec)))
        {
            throw new SealerException("FileExists", ErrorKind.Conflict, $"'{path}' is there already and says something else. Deliver it with Invoke-ClusterApply, or give another -Clusterfile.", path);
        }

        await TakeAsync(new Cluster(spec, path));
        await base.EndAsync(cancellationToken);
    }

    private protected override Task DeliverAsync(ClusterHosts hosts, CancellationToken cancellationToken) => ApplyAsync(
        Clusters[0], null, hosts, cancellationToken, null,
        () =>
        {
            // One that is there says the same already, with its author's words and secrets.
            if (File.Exists(Clusters[0].Path))
                return Task.CompletedTask;
            if (System.IO.Path.GetDirectoryName(Clusters[0].Path) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);
            Sealer.Clusterfiles.Clusterfile.WriteFile(Clusters[0].Path!, Clusters[0].Spec);
            return Task.CompletedTask;
        });

    private ClusterfileDraft Draft()
    {
        var ssh = new SshSettings
        {
            User = GivenUser ?? SshSettings.DefaultUser,
            Port = Port ?? SshSettings.DefaultPort,
            PrivateKeyPath = KeyPath,
            ProxyJump = ProxyJump,
            HostKeyFingerprints = HostKey,
            Password = Kept(SecretAttribute.Of(Credential), "SEALER_SSH_PASSWORD"),
            PrivateKeyPassphrase = Kept(SecretAttribute.Of(KeyPassphrase), "SEALER_SSH_KEY_PASSPHRASE"),
            SudoPassword = Kept(SecretAttribute.Of(SudoPassword), "SEALER_SUDO_PASSWORD"),
        };
        var planes = ControlPlaneCount ?? (ControlPlane.Length > 0 || _piped.Exists(host => host.Roles.Contains(HostSpec.ControlPlaneRole)) ? 0 : 1);
        var draft = new ClusterfileDraft
        {
            Name = Name,
            Image = Image.ToFamiliarString(),
            ControlPlanes = ControlPlane,
            Workers = Worker,
            Hosts = [.. _piped.Select(host => HostOf(host, host.Roles.Count > 0 ? host.Roles : planes-- > 0 ? [HostSpec.ControlPlaneRole] : [HostSpec.WorkerRole], ssh))],
            Ssh = ssh,
            Environment = ClusterfileVariables.Of(Environment),
            ApplicationNames = App is null ? null : [.. App.Where(name => name.Length > 0)],
        };
        return _piped.Exists(host => host.IsOfLab) ? LabKubernetes.Over(draft) : draft;
    }

    private HostSpec HostOf(HostTarget host, IReadOnlyList<string> roles, SshSettings ssh) => new()
    {
        Address = IPAddress.TryParse(host.Address, out var address) ? address : throw new SealerException(
            "NotAnAddress", ErrorKind.InvalidInput, $"'{host.Address}' is not an address, and a Clusterfile names hosts by their addresses. Give one, for example 10.0.0.2.", host.Address),
        Roles = roles,
        Ssh = ssh with
        {
            User = GivenUser ?? host.User ?? ssh.User,
            Port = Port ?? host.Port ?? ssh.Port,
            PrivateKeyPath = KeyPath ?? host.KeyFile,
            ProxyJump = ProxyJump ?? host.ProxyJump,
            Password = ssh.Password ?? Kept(host.Password, "SEALER_SSH_PASSWORD"),
            SudoPassword = ssh.SudoPassword ?? Kept(host.SudoPassword, "SEALER_SUDO_PASSWORD"),
            PrivateKeyPassphrase = ssh.PrivateKeyPassphrase ?? (KeyPath is null ? Kept(host.KeyPassphrase, "SEALER_SSH_KEY_PASSPHRASE") : null),
            HostKeyFingerprints = HostKey.Length > 0 ? HostKey : host.HostKeyFingerprints,
            JumpHostKeyFingerprints = ProxyJump is null ? host.JumpHostKeyFingerprints : [],
        },
    };

    // The secret itself is for this delivery; the file has its place.
    private static Secret? Kept(Secret? secret, string variable) => secret is null or { Source: not null } ? secret : Secret.From(secret.Reveal(), new SecretSource(SecretSourceKind.Environment, variable));
}
