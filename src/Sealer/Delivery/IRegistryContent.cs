using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>The container images of a cluster image on their way to a registry that is there already.</summary>
public interface IRegistryContent
{
    /// <summary>Asks the registry what it has of them.</summary>
    /// <exception cref="SealerException"><c>ContainerImagesDiffer</c>; what the registry answers, or that it does not.</exception>
    Task<ObservedRegistry> InspectAsync(CancellationToken cancellationToken);

    /// <summary>Brings the registry what it lacks; what was cut goes on.</summary>
    /// <param name="progress">Told the bytes done.</param>
    /// <param name="events">Told of waits and warnings.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException">As <see cref="InspectAsync"/>; <c>RegistryNotFilled</c>.</exception>
    Task FillAsync(IProgress<long>? progress, IProgress<SealerEvent>? events, CancellationToken cancellationToken);
}
