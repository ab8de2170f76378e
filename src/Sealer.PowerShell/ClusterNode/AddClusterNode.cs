using System.Management.Automation;
using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Adds hosts to a cluster, as workers or control planes (sealer join, sealer scale-up).</summary>
/// <remarks>
/// <para>
/// All hosts that are named or piped come in one plan, which is shown first: control planes one after the other, workers at once.
/// What balances the API and the registry on other nodes learns of new control planes. What else differs from the Clusterfile is
/// delivered as well, as with Invoke-ClusterApply.
/// </para>
/// <para>
/// New hosts are reached as the Clusterfile says for all, or as their objects say; what is given here goes for all hosts. The
/// Clusterfile that is named is changed too, also where a host then fails: applying it goes on. Of one that is piped,
/// with -UpdateClusterfile.
/// </para>
/// </remarks>
/// <example>
/// <code>Add-ClusterNode -Clusterfile ./Clusterfile -Worker 127.0.0.21, 127.0.0.22 -WhatIf</code>
/// Shows what would be done, and does nothing.
/// </example>
/// <example>
/// <code pwsh="true">Get-Clusterfile ./Clusterfile | Add-ClusterNode -ControlPlane 10.0.0.12-10.0.0.13 -UpdateClusterfile | Get-ClusterNode</code>
/// Two control planes more, and then what nodes there are.
/// </example>
/// <returns>The cluster with them, as it is then.</returns>
/// <seealso cref="GetClusterNode"/>
/// <seealso cref="RemoveClusterNode"/>
[Cmdlet(VerbsCommon.Add, "ClusterNode", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class AddClusterNode : NodeCmdlet
{
    private readonly List<HostTarget> _coming = [];
    private IReadOnlyList<HostSpec> _added = [];

    /// <summary>New workers (sealer -n): addresses, ranges <c>10.0.0.2-10.0.0.4</c>, several with commas between.</summary>
    [Parameter]
    [Alias("Node", "Nodes")]
    [ValidateNotNullOrEmpty]
    public string[] Worker { get; set; } = [];

    /// <summary>New control planes (sealer -m), in the same forms.</summary>
    [Parameter]
    [Alias("Master", "Masters")]
    [ValidateNotNullOrEmpty]
    public string[] ControlPlane { get; set; } = [];

    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (InputObject?.BaseObject is null or Cluster or FileInfo)
            return base.ProcessAsync(cancellationToken);
        _coming.Add(HostTargets.Of(InputObject));
        return Task.CompletedTask;
    }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (Clusters.Count == 1)
        {
            _added = Added(Clusters[0].Spec);
            foreach (var host in _added)
                AddTarget(HostTarget.Of(host));
        }

        await base.EndAsync(cancellationToken);
    }

    private protected override async Task DeliverAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        if (Clusters.Count > 1)
            throw new SealerException("NodeOfWhichCluster", ErrorKind.InvalidInput, "Hosts come into one cluster. Give one.");
        await ChangeAsync(Clusters[0], _added, [], hosts, cancellationToken);
    }

    private List<HostSpec> Added(ClusterSpec spec)
    {
        if (Worker.Length + ControlPlane.Length + _coming.Count == 0)
            throw new SealerException("NoHosts", ErrorKind.InvalidInput, "No hosts were named. Give -Worker or -ControlPlane, or pipe hosts.");
        var result = new List<HostSpec>();
        foreach (var host in Clusterfiles.Clusterfile.HostsOf(ControlPlane, HostSpec.ControlPlaneRole).Concat(Clusterfiles.Clusterfile.HostsOf(Worker, HostSpec.WorkerRole)).Concat(_coming.Select(Piped)))
        {
            if (spec.Hosts.FirstOrDefault(known => known.Address.Equals(host.Address)) is { } there)
            {
                // Who says the same again wants what was left to be done.
                if (there.IsControlPlane == host.IsControlPlane)
                    continue;
                throw new SealerException(
                    "HostHasAnotherRole", ErrorKind.Conflict,
                    $"{host.Address} is a {(there.IsControlPlane ? "control plane" : "worker")} of {spec.Name} already. Take it out first, with Remove-ClusterNode.", $"{host.Address}");
            }

            result.Add(host with { Ssh = Ssh(spec, host, _coming.Find(target => target.Address == host.Address.ToString())) });
        }

        Clusterfiles.Clusterfile.WithMore(spec, result);
        return result;
    }

    private static HostSpec Piped(HostTarget host) => new()
    {
        Address = IPAddress.TryParse(host.Address, out var address) ? address : throw new SealerException(
            "NotAnAddress", ErrorKind.InvalidInput, $"'{host.Address}' is not an address, and a Clusterfile names hosts by their addresses. Give one, for example 10.0.0.2.", host.Address),
        Roles = host.Roles.Count > 0 ? host.Roles : [HostSpec.WorkerRole],
    };

    // Where the Clusterfile says nothing for all hosts, those of before tell how this one will be reached; its keys are its own.
    private SshSettings Ssh(ClusterSpec spec, HostSpec host, HostTarget? piped)
    {
        var common = spec.Ssh != new SshSettings() ? spec.Ssh
            : (spec.Hosts.LastOrDefault(known => known.IsControlPlane == host.IsControlPlane) ?? spec.Hosts[^1]).Ssh with { HostKeyFingerprints = [] };
        return common with
        {
            User = GivenUser ?? piped?.User ?? common.User,
            Port = Port ?? piped?.Port ?? common.Port,
            PrivateKeyPath = KeyPath ?? piped?.KeyFile ?? common.PrivateKeyPath,
            ProxyJump = ProxyJump ?? piped?.ProxyJump ?? common.ProxyJump,
            Password = piped?.Password is { } password ? Kept(password, "SEALER_SSH_PASSWORD") : common.Password,
            SudoPassword = piped?.SudoPassword is { } sudo ? Kept(sudo, "SEALER_SUDO_PASSWORD") : common.SudoPassword,
            PrivateKeyPassphrase = piped?.KeyPassphrase is { } passphrase ? Kept(passphrase, "SEALER_SSH_KEY_PASSPHRASE") : common.PrivateKeyPassphrase,
            HostKeyFingerprints = piped?.HostKeyFingerprints is { Count: > 0 } keys && !keys.All(common.HostKeyFingerprints.Contains) ? keys : common.HostKeyFingerprints,
            JumpHostKeyFingerprints = piped?.JumpHostKeyFingerprints is { Count: > 0 } jump ? jump : common.JumpHostKeyFingerprints,
        };
    }

    // The secret itself is for now; the file has its place.
    private static Secret Kept(Secret secret, string variable) => secret.Source is not null ? secret : Secret.From(secret.Reveal(), new SecretSource(SecretSourceKind.Environment, variable));
}
