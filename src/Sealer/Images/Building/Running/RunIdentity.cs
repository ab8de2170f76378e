namespace Sealer.Images.Building.Running;

/// <summary>Whom the runtimes run as, and with which numbers of users inside.</summary>
/// <param name="Uid">The user's number on this machine.</param>
/// <param name="Gid">The group's number on this machine.</param>
/// <param name="Prefix">A command in front of every program, to become that user; empty for the user we are.</param>
internal sealed record RunIdentity(uint Uid, uint Gid, IReadOnlyList<string> Prefix)
{
    public bool IsRoot => Uid == 0;

    /// <summary>Who this process is.</summary>
    public static RunIdentity Current() => new(Posix.EffectiveUserId(), Posix.EffectiveGroupId(), []);
}
