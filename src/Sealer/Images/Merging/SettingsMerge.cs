using System.Text.Json;

namespace Sealer.Images.Merging;

/// <summary>Lays the settings of images one over the other; a later one wins and is reported.</summary>
/// <param name="report">Told kind, name, earlier image, later image and resolution of every collision.</param>
internal sealed class SettingsMerge(Action<MergeCollisionKind, string, string, string, string> report)
{
    private static readonly string[] ToolLabels = [SealerAnnotations.VersionLabel, "io.buildah.version"];
    private const string CreatedAnnotation = "org.opencontainers.image.created";
    private readonly Dictionary<(MergeCollisionKind, string), string> _owners = [];

    public SortedDictionary<string, string> Labels { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Env { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, JsonElement> Other { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Annotations { get; } = new(StringComparer.Ordinal);

    /// <summary><c>NAME=value</c>, in the order of first appearance.</summary>
    public List<string> ConfigEnv { get; } = [];

    public List<ContainerImageEntry> ContainerImages { get; } = [];

    public string Type { get; private set; } = ClusterImageType.AppInstaller;

    public Launch Launch { get; private set; } = new();

    private string? LaunchOwner { get; set; }

    public void Add(ClusterImage image)
    {
        foreach (var (name, value) in image.Labels)
            Set(MergeCollisionKind.Label, Labels, name, value, image, ToolLabels.Contains(name));
        var told = image.Env.Keys.Where(Env.ContainsKey).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, value) in image.Env)
            Set(MergeCollisionKind.Env, Env, name, value, image, quiet: false);
        foreach (var variable in image.Config?.Settings?.Env ?? [])
            SetConfigEnv(variable, image, told);
        foreach (var (name, value) in image.Config?.Settings?.Other ?? new Dictionary<string, JsonElement>())
            SetOther(name, value, image);
        foreach (var (name, value) in image.Manifest!.Annotations ?? new Dictionary<string, string>())
        {
            // What the image was built from is no longer true; sealer's data is written anew.
            if (!name.StartsWith("org.opencontainers.image.base.", StringComparison.Ordinal) && !name.StartsWith("sealer.image.", StringComparison.Ordinal))
                Set(MergeCollisionKind.Annotation, Annotations, name, value, image, name == CreatedAnnotation);
        }

        ContainerImages.AddRange(image.ContainerImageEntries.Except(ContainerImages).ToList());
        if (image.Type == ClusterImageType.KubeInstaller)
            Type = ClusterImageType.KubeInstaller;
        AddLaunch(image);
    }

    private void Set(MergeCollisionKind kind, SortedDictionary<string, string> values, string name, string value, ClusterImage image, bool quiet)
    {
        if (values.TryGetValue(name, out var earlier) && earlier != value && !quiet)
            report(kind, name, _owners[(kind, name)], image.Name, $"It is '{value}', not '{earlier}'.");
        values[name] = value;
        _owners[(kind, name)] = image.Name;
    }

    private void SetConfigEnv(string variable, ClusterImage image, HashSet<string> told)
    {
        var name = variable.Split('=', 2)[0];
        var index = ConfigEnv.FindIndex(v => v.Split('=', 2)[0] == name);
        if (index < 0)
        {
            ConfigEnv.Add(variable);
        }
        else
        {
            // ENV of a Kubefile is in both places and reported once.
            if (ConfigEnv[index] != variable && !told.Contains(name))
                report(MergeCollisionKind.Env, name, _owners[(MergeCollisionKind.Setting, "Env." + name)], image.Name, $"It is '{variable}', not '{ConfigEnv[index]}'.");
            ConfigEnv[index] = variable;
        }

        _owners[(MergeCollisionKind.Setting, "Env." + name)] = image.Name;
    }

    private void SetOther(string name, JsonElement value, ClusterImage image)
    {
        if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            return;
        if (Other.TryGetValue(name, out var earlier) && earlier.GetRawText() != value.GetRawText())
            report(MergeCollisionKind.Setting, name, _owners[(MergeCollisionKind.Setting, name)], image.Name, $"It is {value.GetRawText()}, not {earlier.GetRawText()}.");
        Other[name] = value;
        _owners[(MergeCollisionKind.Setting, name)] = image.Name;
    }

    private void AddLaunch(ClusterImage image)
    {
        var (commands, names) = (image.Launch.Cmds ?? [], image.Launch.AppNames ?? []);
        if (commands.Count == 0 && names.Count == 0)
            return;
        var (oldCommands, oldNames) = (Launch.Cmds ?? [], Launch.AppNames ?? []);
        if ((commands.Count > 0 && oldNames.Count > 0) || (names.Count > 0 && oldCommands.Count > 0))
        {
            report(
                MergeCollisionKind.Launch, "LAUNCH", LaunchOwner!, image.Name,
                commands.Count > 0
                    ? $"The commands of {image.Name} are run; the applications {string.Join(", ", oldNames)} are in the image, but not launched."
                    : $"The applications of {image.Name} are launched; the commands of {LaunchOwner} are not run: {string.Join("; ", oldCommands)}.");
            Launch = new Launch { Cmds = commands.Count > 0 ? commands : null, AppNames = names.Count > 0 ? names : null };
        }
        else
        {
            var order = oldNames.Where(names.Contains).ToList();
            if (!order.SequenceEqual(names.Where(oldNames.Contains)))
                report(MergeCollisionKind.Launch, "LAUNCH", LaunchOwner!, image.Name, $"Both launch {string.Join(", ", order)}, in another order; it is that of {LaunchOwner}.");
            Launch = new Launch
            {
                Cmds = oldCommands.Count + commands.Count > 0 ? [.. oldCommands.Concat(commands).Distinct()] : null,
                AppNames = oldNames.Count + names.Count > 0 ? [.. oldNames.Concat(names).Distinct()] : null,
            };
        }

        LaunchOwner = image.Name;
    }
}
