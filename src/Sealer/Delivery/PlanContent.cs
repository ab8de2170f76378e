using Sealer.Clusterfiles.Documents;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Hosts.Facts;
using Sealer.Images;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>A host whose files are asked for.</summary>
/// <param name="Spec">How it shall be.</param>
/// <param name="Facts">What it is.</param>
/// <param name="Host">The host.</param>
public sealed record ContentHost(HostSpec Spec, HostFacts Facts, IHost Host);

/// <summary>The files of a cluster image on their way to hosts: what each shall have, what it lacks, and the bringing of it.</summary>
public interface IPlanContent
{
    /// <summary>The image's name.</summary>
    string Image { get; }

    /// <summary>Digest of its manifest or index.</summary>
    string ImageDigest { get; }

    /// <summary>What the image says of itself.</summary>
    ImageExtension? Extension { get; }

    /// <summary>The plugins that the image carries.</summary>
    IReadOnlyList<PluginSpec> Plugins { get; }

    /// <summary>What the image has of Kubernetes; null where it has none.</summary>
    KubernetesImage? Kubernetes => null;

    /// <summary>The image's container images for a registry that is there already; null where the cluster names none, or the image has none.</summary>
    IRegistryContent? Registry => null;

    /// <summary>What should be known of the image's files, in whole sentences.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>What hosts shall have and lack, from their real state. What fails on one is said with it.</summary>
    Task<IReadOnlyDictionary<string, ContentAnswer>> InspectAsync(IReadOnlyList<ContentHost> hosts, CancellationToken cancellationToken);

    /// <summary>Brings hosts what they lack; they may help each other.</summary>
    /// <param name="runs">Steps of the content, as <see cref="InspectAsync"/> described them.</param>
    /// <param name="events">Told what happens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Errors by step.</returns>
    Task<IReadOnlyDictionary<string, Exception>> DeliverAsync(
        IReadOnlyList<StepRun> runs, IProgress<SealerEvent>? events, CancellationToken cancellationToken);
}

/// <summary>What came of asking a host for its files: one of the two.</summary>
/// <param name="Content">What it has.</param>
/// <param name="Error">Why it could not be asked.</param>
public sealed record ContentAnswer(ObservedContent? Content, SealerException? Error);
