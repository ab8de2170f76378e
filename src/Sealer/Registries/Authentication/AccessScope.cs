namespace Sealer.Registries.Authentication;

/// <summary>What a request needs a token for.</summary>
/// <param name="Repository">The repository whose credentials are used; null for the registry as a whole.</param>
/// <param name="Scopes">In the token server's words, for example <c>repository:team/app:pull,push</c>.</param>
internal sealed record AccessScope(string? Repository, IReadOnlyList<string> Scopes)
{
    /// <summary>Nothing in particular: <c>/v2/</c>.</summary>
    public static AccessScope None { get; } = new(null, []);

    /// <summary>The list of repositories.</summary>
    public static AccessScope Catalog { get; } = new(null, ["registry:catalog:*"]);

    /// <summary>Identifies the token in the cache.</summary>
    public string Key => (Repository ?? "") + "\n" + string.Join(' ', Scopes);

    /// <summary>Reading a repository.</summary>
    public static AccessScope Pull(string repository) => new(repository, [$"repository:{repository}:pull"]);

    /// <summary>Writing to a repository.</summary>
    public static AccessScope Push(string repository) => new(repository, [$"repository:{repository}:pull,push"]);

    /// <summary>Deleting from a repository.</summary>
    public static AccessScope Delete(string repository) => new(repository, [$"repository:{repository}:delete,pull"]);

    /// <summary>Writing to a repository what another one has.</summary>
    public static AccessScope Mount(string repository, string from) =>
        new(repository, [$"repository:{repository}:pull,push", $"repository:{from}:pull"]);

    /// <summary>Our scopes and those a challenge asks for: one entry a resource, with the actions of both.</summary>
    public static IReadOnlyList<string> Union(IEnumerable<string> ours, IEnumerable<string> theirs)
    {
        var actions = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var scope in ours.Concat(theirs))
        {
            // The name may hold colons (a host with a port); the actions are after the last one.
            var colon = scope.LastIndexOf(':');
            var resource = colon < 0 ? scope : scope[..colon];
            if (!actions.TryGetValue(resource, out var set))
                actions.Add(resource, set = new SortedSet<string>(StringComparer.Ordinal));
            if (colon >= 0)
                set.UnionWith(scope[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries));
        }

        return [.. actions.Select(a => a.Value.Count == 0 ? a.Key : $"{a.Key}:{string.Join(',', a.Value)}")];
    }
}
