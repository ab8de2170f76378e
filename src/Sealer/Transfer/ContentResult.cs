namespace Sealer.Transfer;

/// <summary>What came of one host.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Bytes">Bytes of content that were sent to it, from wherever; what was interrupted and used later counts once.</param>
/// <param name="Files">Files, folders and links that were put in place, mended or removed.</param>
/// <param name="Way">Where they came from, as <c>from the controller</c> or <c>from web-1</c>; empty where nothing was sent.</param>
/// <param name="Error">Why it does not hold the content; null where it does.</param>
public sealed record ContentResult(string Host, long Bytes, int Files, string Way, SealerException? Error)
{
    /// <summary>It holds the content, verified.</summary>
    public bool Succeeded => Error is null;
}
