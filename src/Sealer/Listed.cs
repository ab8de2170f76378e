namespace Sealer;

/// <summary>
/// Lists that users meet. What the compiler makes of <c>[.. items]</c> for an <see cref="IReadOnlyList{T}"/> hides its indexer,
/// and PowerShell then takes <c>$list[1]</c> for nothing and <c>$list[0]</c> for the whole list.
/// </summary>
internal static class Listed
{
    /// <summary>The same items in an array, or the list itself where PowerShell can look into it.</summary>
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> list) => list is T[] or List<T> ? list : list.ToArray();

    /// <summary>As above; null stays null.</summary>
    public static IReadOnlyList<T>? OrNull<T>(IReadOnlyList<T>? list) => list is null ? null : Of(list);
}
