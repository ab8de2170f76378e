namespace Sealer.Clusterfiles.Documents;

/// <summary>The names of phases.</summary>
public static class PluginPhases
{
    private static readonly (PluginPhase Phase, string Name)[] Named =
    [
        (PluginPhase.BeforeDistribution, "Originally"),
        (PluginPhase.PreInstall, "pre-install"),
        (PluginPhase.PreInitHost, "pre-init-host"),
        (PluginPhase.PostInitHost, "post-init-host"),
        (PluginPhase.PostInstall, "post-install"),
        (PluginPhase.PreScaleUp, "pre-scaleup"),
        (PluginPhase.PostScaleUp, "post-scaleup"),
        (PluginPhase.PreCleanHost, "pre-clean-host"),
        (PluginPhase.PostCleanHost, "post-clean-host"),
        (PluginPhase.PreUninstall, "pre-uninstall"),
        (PluginPhase.PostUninstall, "post-uninstall"),
        (PluginPhase.UpgradeHost, "upgrade-host"),
        (PluginPhase.Upgrade, "upgrade"),
        (PluginPhase.Rollback, "rollback"),
    ];

    /// <summary>The phase of a name as it is written now (and <c>Originally</c>, which has no newer one).</summary>
    public static IReadOnlyDictionary<string, PluginPhase> ByName { get; } =
        Named.ToDictionary(pair => pair.Name, pair => pair.Phase, StringComparer.Ordinal);

    /// <summary>The phase that a name of sealer 0.3 to 0.8 stands for today.</summary>
    public static IReadOnlyDictionary<string, PluginPhase> ByOldName { get; } = new Dictionary<string, PluginPhase>(StringComparer.Ordinal)
    {
        ["Originally"] = PluginPhase.BeforeDistribution,
        ["PreInit"] = PluginPhase.PreInitHost,
        ["PreJoin"] = PluginPhase.PreInitHost,
        ["PostJoin"] = PluginPhase.PostInitHost,
        ["PreGuest"] = PluginPhase.PostInstall,
        ["PreInstall"] = PluginPhase.PreInstall,
        ["PostInstall"] = PluginPhase.PostInstall,
        ["PreClean"] = PluginPhase.PreCleanHost,
        ["PostClean"] = PluginPhase.PostCleanHost,
    };

    /// <summary>A phase as a Clusterfile writes it.</summary>
    public static string NameOf(PluginPhase phase) => Array.Find(Named, pair => pair.Phase == phase).Name;

    /// <summary>True of phases that run on the hosts in scope; false of those that run on the first control plane only.</summary>
    public static bool RunsOnHosts(PluginPhase phase) => phase
        is PluginPhase.BeforeDistribution or PluginPhase.PreInitHost or PluginPhase.PostInitHost
        or PluginPhase.PreCleanHost or PluginPhase.PostCleanHost or PluginPhase.UpgradeHost;
}
