using System.Diagnostics.CodeAnalysis;

namespace Sealer;

/// <summary>
/// Lists that users meet. What the compiler makes of <c>[.. items]</c> for an <see cref="IReadOnlyList{T}"/> hides its indexer,
/// and PowerShell then takes <c>$list[1]</c> for nothing and <c>$list[0]</c> for the whole list.
/// </summary>
internal static class Listed
{
    /// <summary>
    /// The same items in an array, or the list itself where PowerShell can look into it. Null stays null: documents from outside
    /// have holes, which their readers tell of.
    /// </summary>
    [return: NotNullIfNotNull(nameof(list))]
    public static IReadOnlyList<T>? Of<T>(IReadOnlyList<T>? list) => list is null or T[] or List<T> ? list : list.ToArray();
}
