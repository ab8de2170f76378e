using System.Management.Automation;
using System.Security;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Makes throw-away hosts on this machine, to rehearse a delivery on (sealer's provider CONTAINER).</summary>
/// <remarks>
/// <para>
/// Each has an address, a file system, systemd and sshd of its own, in namespaces of the kernel: seconds instead of minutes, and
/// no virtual machine. It takes Linux and root. The hosts' files are made once, by mmdebstrap from this machine's own apt sources
/// (that takes half a minute), and kept under $env:SEALER_HOME, or where $env:SEALER_LAB_CACHE says, until no lab was made of them for
/// a week.
/// </para>
/// <para>
/// The objects go to whatever takes hosts: address, user, key and host key are in them. This machine gets one network link into
/// the lab, and nothing leads out of it. Several labs stand side by side. They stay until Remove-ClusterLab, or until the machine
/// restarts; what is left of an interrupted one is removed the same way.
/// </para>
/// <para>The hosts share the machine's kernel and clock, and are no protection: root in one is not far from root here.</para>
/// </remarks>
/// <example>
/// <code>New-ClusterLab -Count 4</code>
/// Four hosts, lab-1 to lab-4.
/// </example>
/// <example>
/// <code>$hosts = New-ClusterLab -Count 2 -Name far -Delay 25 -Rate 20mbit -Loss 0.5</code>
/// Two hosts behind a bad link, 50 milliseconds away and back, for Get-ClusterHost and others that take hosts.
/// </example>
/// <example>
/// <code>New-ClusterLab -Count 3 -Name strict -User admin -JumpHost</code>
/// Hosts that let in admin only, who needs a password for sudo, and that are reached through another host only.
/// </example>
/// <seealso cref="GetClusterLab"/>
/// <seealso cref="RemoveClusterLab"/>
[Cmdlet(VerbsCommon.New, "ClusterLab", SupportsShouldProcess = true)]
[OutputType(typeof(LabHost))]
public sealed class NewClusterLab : AsyncCmdlet
{
    /// <summary>Hosts to make, one without. A jump host comes on top.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(1, 200)]
    public int Count { get; set; } = 1;

    /// <summary>
    /// The lab's name, with which its hosts' names begin: lower case letters, digits and dashes. Without, <c>lab</c>, or the first of
    /// <c>lab2</c>, <c>lab3</c>, ... that is free.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Milliseconds that each packet from and to a host takes longer: a round trip from here takes twice as much longer.</summary>
    [Parameter]
    [ValidateRange(0.0, 60000.0)]
    public double Delay { get; set; }

    /// <summary>Bits per second that each host's link carries each way: a number, or <c>20mbit</c>, <c>1.5gbit</c> (powers of 1000).</summary>
    [Parameter]
    [BitRate]
    [ValidateRange(8000L, long.MaxValue)]
    public long? Rate { get; set; }

    /// <summary>Percent of the packets that each host's link loses, each way.</summary>
    [Parameter]
    [ValidateRange(0.0, 100.0)]
    public double Loss { get; set; }

    /// <summary>Who logs in instead of root; may use sudo with the password of SudoPassword, and root cannot log in.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? User { get; set; }

    /// <summary>The password of who logs in, a SecureString; made up without. The lab's key logs in as well.</summary>
    [Parameter]
    [Secret]
    public SecureString? Password { get; set; }

    /// <summary>Has the hosts reached through one more host only, which ProxyJump of each names.</summary>
    [Parameter]
    public SwitchParameter JumpHost { get; set; }

    /// <summary>A tar of a root file system with systemd and sshd, plain or packed with gzip, xz or zstd, that the hosts get.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RootFileSystem { get; set; }

    /// <summary>The lab's IPv4 network, as <c>172.30.7.0/24</c>, which nothing here uses; a free one of 10.77.0.0/16 without.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Subnet { get; set; }

    private protected override TimeSpan ProgressDelay => TimeSpan.FromSeconds(1);

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var options = new LabOptions
        {
            Count = Count,
            Name = Name,
            Link = new LinkConditions { Delay = TimeSpan.FromMilliseconds(Delay), Rate = Rate, Loss = Loss },
            User = User,
            Password = SecretAttribute.Of(Password),
            JumpHost = JumpHost,
            RootFileSystem = RootFileSystem is null ? null : await OnPipeline(() => SessionState.Path.GetUnresolvedProviderPathFromPSPath(RootFileSystem)),
            Subnet = Subnet is null ? null : LabOptions.ParseSubnet(Subnet),
        };
        if (!await ShouldProcessAsync(Name ?? "lab", $"Make a lab of {Count} {(Count == 1 ? "host" : "hosts")}"))
            return;
        var lab = await ClusterLab.CreateAsync(options, Engine, cancellationToken);
        await WriteAsync(lab.Hosts, enumerate: true);
    }
}
