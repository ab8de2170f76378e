using Sealer.Images.Merging;

namespace Sealer.PowerShell;

/// <summary>What merged images both claimed, for people to read.</summary>
internal static class CollisionText
{
    // Two images of one kind of cluster may have thousands of files in common.
    private const int MostOfAKind = 5;

    /// <summary>Every collision, by kind.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<MergeCollision> collisions)
    {
        if (collisions.Count == 0)
        {
            yield return "  Nothing is claimed by two of the images.";
            yield break;
        }

        foreach (var kind in ByKind(collisions))
        {
            yield return $"  {kind.Key}";
            foreach (var (collision, platforms) in kind)
            {
                yield return $"    {collision.Name}{platforms}";
                yield return $"        {collision.Earlier}, {collision.Later}";
                yield return $"        {collision.Resolution}";
            }
        }
    }

    /// <summary>The first collisions of each kind, and how many more there are.</summary>
    public static IEnumerable<string> Warnings(IReadOnlyList<MergeCollision> collisions)
    {
        foreach (var kind in ByKind(collisions))
        {
            var all = kind.ToList();
            foreach (var (collision, platforms) in all.Take(MostOfAKind))
                yield return $"{collision.Kind} {collision.Name}{platforms} is in {collision.Earlier} and {collision.Later}. {collision.Resolution}";
            if (all.Count > MostOfAKind)
                yield return $"{kind.Key}: {all.Count - MostOfAKind} more are in several images. -InformationVariable keeps all of them.";
        }
    }

    /// <summary>What is the same for several platforms is told once.</summary>
    private static IEnumerable<IGrouping<MergeCollisionKind, (MergeCollision Collision, string Platforms)>> ByKind(IReadOnlyList<MergeCollision> collisions)
    {
        var all = collisions.Select(c => c.Platform).Distinct().Count();
        return collisions
            .GroupBy(c => (c.Kind, c.Name, c.Earlier, c.Later, c.Resolution))
            .Select(group => (group.First(), group.Count() == all ? "" : $" ({string.Join(", ", group.Select(c => c.Platform))})"))
            .GroupBy(told => told.Item1.Kind);
    }
}
