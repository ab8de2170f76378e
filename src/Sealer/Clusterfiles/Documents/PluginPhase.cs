namespace Sealer.Clusterfiles.Documents;

/// <summary>When a plugin runs. Phases of the cluster run on the first control plane, those of hosts on the hosts in scope.</summary>
public enum PluginPhase
{
    /// <summary>Before the rootfs is sent (sealer 0.3 to 0.8: <c>Originally</c>; it has no newer name), on hosts in scope.</summary>
    BeforeDistribution,

    /// <summary><c>pre-install</c>: the rootfs is there, nothing is installed.</summary>
    PreInstall,

    /// <summary><c>pre-init-host</c>: before the container runtime is installed, at install and scale-up; hosts in scope.</summary>
    PreInitHost,

    /// <summary><c>post-init-host</c>: after kubeadm has made or joined all; hosts in scope.</summary>
    PostInitHost,

    /// <summary><c>post-install</c>: after that, before roles, labels, taints and applications.</summary>
    PostInstall,

    /// <summary><c>pre-scaleup</c>.</summary>
    PreScaleUp,

    /// <summary><c>post-scaleup</c>.</summary>
    PostScaleUp,

    /// <summary><c>pre-clean-host</c>: before hosts that leave are reset; those in scope.</summary>
    PreCleanHost,

    /// <summary><c>post-clean-host</c>: after that; those in scope.</summary>
    PostCleanHost,

    /// <summary><c>pre-uninstall</c>: before the whole cluster is deleted.</summary>
    PreUninstall,

    /// <summary><c>post-uninstall</c>: after that.</summary>
    PostUninstall,

    /// <summary><c>upgrade-host</c>: at an upgrade, before the registry is; hosts in scope.</summary>
    UpgradeHost,

    /// <summary><c>upgrade</c>.</summary>
    Upgrade,

    /// <summary><c>rollback</c>.</summary>
    Rollback,
}
