namespace Sealer.Transfer;

/// <summary>Which part of the content one host gets. What it leaves out and an earlier delivery brought is removed there.</summary>
/// <param name="Without">Files and whole folders that are left out, as <c>registry</c>; relative, without a slash at the end.</param>
public sealed record ContentFilter(IReadOnlyList<string> Without)
{
    /// <summary>Leaves nothing out.</summary>
    public static ContentFilter Everything { get; } = new([]);

    /// <summary>Whether a path is taken.</summary>
    public bool Takes(string path) => !Without.Any(w =>
        path.StartsWith(w, StringComparison.Ordinal) && (path.Length == w.Length || path[w.Length] == '/'));
}
