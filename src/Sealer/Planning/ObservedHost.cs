using Sealer.Clusterfiles.Documents;
using Sealer.Hosts.Facts;

namespace Sealer.Planning;

/// <summary>A host of the cluster as it is found.</summary>
public sealed record ObservedHost
{
    /// <summary>How it shall be.</summary>
    public required HostSpec Spec { get; init; }

    /// <summary>Its name in plans: its address.</summary>
    public string Name => Spec.Address.ToString();

    /// <summary>What it is; null where it could not be asked.</summary>
    public HostFacts? Facts { get; init; }

    /// <summary>What is kept on it; null where it could not be asked.</summary>
    public HostState? State { get; init; }

    /// <summary>Plugins of the image as they lie on it; none where nobody asked for them.</summary>
    public IReadOnlyList<PluginSpec> Plugins { get; init; } = [];

    /// <summary>The image's files on it, compared with what it shall have; null where there are none to have.</summary>
    public ObservedContent? Content { get; init; }

    /// <summary>Why it could not be asked.</summary>
    public SealerException? Error { get; init; }

    /// <summary>It was asked, and answered.</summary>
    public bool IsKnown => Error is null && Facts is not null && State is not null;
}

/// <summary>What is kept on a host of earlier deliveries.</summary>
public sealed record HostState
{
    /// <summary>The text of <c>/etc/hosts</c>.</summary>
    public string HostsFile { get; init; } = "";

    /// <summary>What is kept of plugins that were run, by record.</summary>
    public IReadOnlyDictionary<string, string> PluginRecords { get; init; } = new Dictionary<string, string>();

    /// <summary>The highest fencing token that it has seen; 0 of a host that has seen none.</summary>
    public long Token { get; init; }

    /// <summary>It has had the cluster's lock.</summary>
    public bool HasLock { get; init; }

    /// <summary>What it has of the cluster's Kubernetes; null where that was not asked.</summary>
    public KubernetesState? Kubernetes { get; init; }
}

/// <summary>The image's files on one host: what it shall have, and what it lacks of it.</summary>
public sealed record ObservedContent
{
    /// <summary>The step that would bring it.</summary>
    public required ContentPayload Desired { get; init; }

    /// <summary>Files, links and folders in all.</summary>
    public required int Entries { get; init; }

    /// <summary>Of these what is missing or otherwise.</summary>
    public required int Lacking { get; init; }

    /// <summary>Bytes to bring.</summary>
    public required long Bytes { get; init; }

    /// <summary>Some of the paths that it lacks, for people.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>From where it would come, as <c>from the controller</c>; empty where that is not known.</summary>
    public string Way { get; init; } = "";

    /// <summary>Room on its file system, in bytes; null where that is not known.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>The folder is there.</summary>
    public bool Exists { get; init; }

    /// <summary>Digest of what it lacks: equal where nothing has happened meanwhile.</summary>
    public required string StateDigest { get; init; }
}
