namespace Sealer.Transfer;

/// <summary>What a host's folder lacks of what it shall hold, by what it really holds.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="MissingFiles">Files, folders and links that are not there, or not as they shall be.</param>
/// <param name="MissingBytes">Bytes that have to be sent: those of them that the host has nowhere.</param>
/// <param name="Obsolete">What an earlier delivery brought and is not wanted any more, by path.</param>
/// <param name="Unknown">Files and links that no delivery brought, by path; they stay. At most 1,000 are named.</param>
/// <param name="FreeBytes">Room on the folder's file system, in bytes.</param>
/// <param name="Way">How it will be fed; empty where nothing is missing.</param>
/// <param name="Error">Why nothing is known; null where all is.</param>
public sealed record ContentInspection(
    string Host,
    IReadOnlyList<string> MissingFiles,
    long MissingBytes,
    IReadOnlyList<string> Obsolete,
    IReadOnlyList<string> Unknown,
    long FreeBytes,
    string Way,
    SealerException? Error)
{
    /// <summary>Nothing is to be done.</summary>
    public bool IsSatisfied => Error is null && MissingFiles.Count == 0 && Obsolete.Count == 0;
}
