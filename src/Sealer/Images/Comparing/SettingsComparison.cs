namespace Sealer.Images.Comparing;

/// <summary>Compares what manifests and configs say.</summary>
internal static class SettingsComparison
{
    public static IEnumerable<ImageDifference> Between(ClusterImage before, ClusterImage after, Platform? platform)
    {
        return Settings(before, after)
            .Concat(Maps(DifferenceArea.Label, before.Labels, after.Labels))
            .Concat(Maps(DifferenceArea.Env, before.Env, after.Env))
            .Concat(Maps(DifferenceArea.Env, ConfigEnv(before), ConfigEnv(after)).Where(d => !before.Env.ContainsKey(d.Name) && !after.Env.ContainsKey(d.Name)))
            .Concat(Maps(DifferenceArea.Application, Applications(before), Applications(after)))
            .Concat(Maps(DifferenceArea.ContainerImage, ContainerImages(before), ContainerImages(after)))
            .Select(d => d with { Platform = platform });
    }

    /// <summary>Compares two maps by name, in ordinal order.</summary>
    public static IEnumerable<ImageDifference> Maps(
        DifferenceArea area, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after)
    {
        foreach (var name in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            var (old, now) = (before.GetValueOrDefault(name), after.GetValueOrDefault(name));
            if (old != now)
                yield return new ImageDifference(area, old is null ? DifferenceKind.Added : now is null ? DifferenceKind.Removed : DifferenceKind.Changed, name, old, now, null);
        }
    }

    private static IEnumerable<ImageDifference> Settings(ClusterImage before, ClusterImage after)
    {
        return Maps(DifferenceArea.Setting, Of(before), Of(after));

        static Dictionary<string, string> Of(ClusterImage image)
        {
            var settings = new Dictionary<string, string>();
            Add("Type", image.Type);
            Add("Launch.Cmds", Words(image.Launch.Cmds));
            Add("Launch.AppNames", Words(image.Launch.AppNames));
            foreach (var (name, value) in image.Config?.Settings?.Other ?? new Dictionary<string, System.Text.Json.JsonElement>())
                Add("Config." + name, value.GetRawText());
            return settings;

            void Add(string name, string? value)
            {
                if (!string.IsNullOrEmpty(value))
                    settings[name] = value;
            }
        }
    }

    private static Dictionary<string, string> ConfigEnv(ClusterImage image)
    {
        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in image.Config?.Settings?.Env ?? [])
        {
            var parts = variable.Split('=', 2);
            env[parts[0]] = parts.Length > 1 ? parts[1] : "";
        }

        return env;
    }

    private static Dictionary<string, string> Applications(ClusterImage image)
    {
        var applications = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var app in image.Applications)
        {
            var words = new List<string> { app.Type ?? "(no type)" };
            if (app.Version is not (null or "v1"))
                words.Add(app.Version);
            if (app.Files is { Count: > 0 })
                words.Add("files " + Words(app.Files));
            if (app.Env is { Count: > 0 })
                words.Add("env " + Words(app.Env.Select(e => $"{e.Key}={e.Value}")));
            if (app.Cmds is { Count: > 0 })
                words.Add("cmds " + Words(app.Cmds));
            applications[app.Name] = string.Join("; ", words);
        }

        return applications;
    }

    private static Dictionary<string, string> ContainerImages(ClusterImage image) => image.ContainerImages
        .GroupBy(i => i.Image, StringComparer.Ordinal)
        .ToDictionary(
            g => g.Key,
            g => string.Join(", ", g.SelectMany(Askers).Distinct()),
            StringComparer.Ordinal);

    private static IEnumerable<string> Askers(ContainerImage image) =>
        [.. image.IsForCluster ? ["for the cluster"] : Array.Empty<string>(), .. image.AppNames.Select(name => $"for {name}")];

    private static string Words(IEnumerable<string>? values) => string.Join(" | ", values ?? []);
}
