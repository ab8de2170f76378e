using System.Globalization;

namespace Sealer.Images.Building.Running;

/// <summary>Which numbers users and groups of this machine have inside the container.</summary>
/// <param name="Uid">The user who is root inside; null where the numbers are the same in- and outside.</param>
/// <param name="Gid">The group that is root inside.</param>
/// <param name="Users">More users, who are 1, 2, ... inside; null where there are none.</param>
/// <param name="Groups">More groups, which are 1, 2, ... inside; null where there are none.</param>
internal sealed record IdMap(uint? Uid, uint? Gid, IdRange? Users, IdRange? Groups)
{
    /// <summary>The numbers are the same in- and outside.</summary>
    public static IdMap Same { get; } = new(null, null, null, null);

    /// <summary>True where there is a user namespace.</summary>
    public bool IsMapped => Uid is not null;

    /// <summary>True where the container has users besides root.</summary>
    public bool HasMore => Users is not null && Groups is not null;

    public long UserInside(uint uid) => Inside(uid, Uid, Users);

    public long GroupInside(uint gid) => Inside(gid, Gid, Groups);

    /// <summary>The range that <c>/etc/subuid</c> or <c>/etc/subgid</c> grants a user, or null.</summary>
    public static IdRange? Granted(string text, string userName, uint uid)
    {
        var number = uid.ToString(CultureInfo.InvariantCulture);
        foreach (var line in text.Split('\n'))
        {
            var parts = line.Trim().Split(':');
            if (parts.Length == 3 && (parts[0] == userName || parts[0] == number)
                && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
                && uint.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count > 0)
            {
                return new IdRange(start, count);
            }
        }

        return null;
    }

    private static long Inside(uint id, uint? root, IdRange? more)
    {
        if (root is null)
            return id;
        if (more is { } range && id >= range.Start && id - range.Start < range.Count)
            return id - range.Start + 1;
        return 0;
    }
}

/// <summary>So many numbers from one on.</summary>
internal sealed record IdRange(uint Start, uint Count);
