namespace Sealer.Transfer;

/// <summary>Brings chunks to a host. Over SSH, or over a network that is only thought of.</summary>
internal interface IChunkCarrier
{
    /// <summary>Brings chunks in order.</summary>
    /// <param name="to">Gets them.</param>
    /// <param name="from">Has them or will have them; null for the controller.</param>
    /// <param name="chunks">Which.</param>
    /// <param name="arrived">Is told number and bytes of each that is in place.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="FeederException">The one that feeds could not, or gave something else.</exception>
    /// <exception cref="SealerException">The host could not take it.</exception>
    Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken);

    /// <summary>Waits until a host that broke off answers again; false where it does not.</summary>
    Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken);
}

/// <summary>A host could not be fed by another one; it is fed by a third then.</summary>
/// <param name="message">What the host said.</param>
internal sealed class FeederException(string message) : Exception(message);
