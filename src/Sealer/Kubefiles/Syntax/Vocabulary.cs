namespace Sealer.Kubefiles.Syntax;

/// <summary>The words of the language, and those of Dockerfiles that have no meaning in a cluster image.</summary>
internal static class Vocabulary
{
    /// <summary>What there is.</summary>
    public static IReadOnlyList<string> Instructions { get; } =
    [
        "ADD", "APP", "APPCMDS", "APPENV", "ARG", "CMD", "CMDS", "CNI", "COPY", "CSI", "ENV", "FROM", "KUBEVERSION",
        "LABEL", "LAUNCH", "MAINTAINER", "RUN",
    ];

    /// <summary>All that sealer 0.3 to 0.8 knew; a file with nothing else keeps their habits.</summary>
    public static IReadOnlySet<string> Legacy { get; } = new HashSet<string> { "FROM", "COPY", "RUN", "CMD", "ARG" };

    /// <summary>What Docker has and a cluster image has not, and what to write instead.</summary>
    public static IReadOnlyDictionary<string, string> Unsupported { get; } = new Dictionary<string, string>
    {
        ["WORKDIR"] = "paths are relative to the rootfs and commands start there; write 'cd DIR && ...' in the command",
        ["ENTRYPOINT"] = "say with LAUNCH or CMDS what is started on the cluster",
        ["EXPOSE"] = "ports belong to the manifests of an APP",
        ["USER"] = "RUN is always root of its container; set owners with COPY --chown",
        ["VOLUME"] = "storage belongs to the manifests of an APP, or to a CSI",
        ["ONBUILD"] = "write the instruction in the Kubefile that builds on this image",
        ["SHELL"] = "name the shell in the command: RUN [\"/bin/bash\", \"-c\", \"...\"]",
        ["HEALTHCHECK"] = "write probes in the manifests of an APP",
        ["STOPSIGNAL"] = "signals belong to the manifests of an APP",
    };

    /// <summary>
    /// Folders of a rootfs. Old Kubefiles write <c>COPY imageList manifests</c> and mean <c>manifests/imageList</c>; a file
    /// of such a name would be of no use to anybody.
    /// </summary>
    public static IReadOnlySet<string> RootfsFolders { get; } = new HashSet<string>
    {
        "application", "applications", "bin", "charts", "cri", "etc", "images", "lib", "manifests", "plugin", "plugins",
        "registry", "rpm", "scripts", "statics", "tgz",
    };
}
