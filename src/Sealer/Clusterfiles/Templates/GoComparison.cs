namespace Sealer.Clusterfiles.Templates;

/// <summary>Compares as Go's templates do: whole numbers with whole numbers, text with text, and nothing across.</summary>
internal static class GoComparison
{
    /// <exception cref="FunctionError">The values are of kinds that cannot be compared.</exception>
    public static bool AreEqual(object? a, object? b)
    {
        // What is missing equals only what is missing.
        if (a is null || b is null)
            return a is null && b is null;
        if (a.GetType() != b.GetType())
            throw Incompatible(a, b);
        return a switch
        {
            string or bool or long or double => a.Equals(b),
            _ => throw new FunctionError($"{GoValues.KindOf(a)} cannot be compared"),
        };
    }

    /// <exception cref="FunctionError">The values are of kinds that have no order.</exception>
    public static bool IsLess(object? a, object? b) => (a, b) switch
    {
        (string x, string y) => CompareUtf8(x, y) < 0,
        (long x, long y) => x < y,
        (double x, double y) => x < y,
        (null or bool, _) or (_, null or bool) => throw new FunctionError($"{GoValues.KindOf(a is null or bool ? a : b)} has no order"),
        _ => throw Incompatible(a, b),
    };

    // Go orders text by its bytes, which is the order of code points, not that of UTF-16.
    private static int CompareUtf8(string a, string b) =>
        System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b));

    private static FunctionError Incompatible(object? a, object? b) =>
        new($"{GoValues.KindOf(a)} and {GoValues.KindOf(b)} cannot be compared");
}
