using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads a document of kind Application.</summary>
internal static class ApplicationReader
{
    public static ApplicationSpec? Read(Fields document, ReadContext context)
    {
        var metadata = Metadata.Read(document);
        var fields = document.Map("spec");
        document.Finish();
        if (fields is null)
            return new ApplicationSpec { Name = metadata.Name ?? "" };
        var launch = fields.Texts("launchApps");
        foreach (var name in launch?.Where(name => name.Value.Length > 0 && !Names.IsSegment(name.Value)) ?? [])
            context.Error(name, $"{Quoting.Quote(name.Value)} cannot be an application's name");
        var configs = new List<ApplicationConfigSpec>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var items = fields.List("configs") ?? [];
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Target is YamlMapping mapping)
            {
                if (ReadConfig(new Fields(mapping, $"spec.configs[{i}]", context), names, context) is { } config)
                    configs.Add(config);
            }
            else
            {
                context.Error(items[i], $"spec.configs[{i}] must be a map with a name");
            }
        }

        var commands = fields.Texts("cmds")?.Select(command => command.Value).Where(command => command.Length > 0).ToList();
        fields.Finish();
        return new ApplicationSpec
        {
            Name = metadata.Name ?? "",
            Commands = commands is { Count: > 0 } ? commands : null,
            LaunchApplications = launch is null ? null : [.. launch.Select(name => name.Value).Where(name => name.Length > 0)],
            Configs = configs,
        };
    }

    private static ApplicationConfigSpec? ReadConfig(Fields fields, HashSet<string> before, ReadContext context)
    {
        var name = fields.Scalar("name");
        if (name is not { Value.Length: > 0 })
            context.Error(name ?? fields.At("name"), $"{fields.Place} needs the name of its application");
        else if (!Names.IsSegment(name.Value))
            context.Error(name, $"{Quoting.Quote(name.Value)} cannot be an application's name");
        else if (!before.Add(name.Value))
            context.Error(name, $"{Quoting.Quote(name.Value)} has settings above already; write them in one place");
        var environment = EnvironmentReader.Read(fields, "env", context);
        var files = ReadFiles(fields, context);
        IReadOnlyList<string>? commands = null;
        if (fields.Map("launch") is { } launch)
        {
            commands = launch.Texts("cmds")?.Select(command => command.Value).ToList();
            if (commands is not { Count: > 0 })
                context.Error(launch.At("cmds"), $"{launch.Place} needs cmds: the commands that launch the application");
            launch.Finish();
        }

        fields.Finish();
        return name is null ? null : new ApplicationConfigSpec
        {
            Name = name.Value,
            Environment = [.. environment.Select(entry => entry.Variable)],
            Files = files,
            LaunchCommands = commands,
            Location = context.LocationOf(fields.Node),
        };
    }

    private static List<ApplicationFileSpec> ReadFiles(Fields fields, ReadContext context)
    {
        var result = new List<ApplicationFileSpec>();
        var items = fields.List("files") ?? [];
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Target is not YamlMapping mapping)
            {
                context.Error(items[i], $"{fields.Place}.files[{i}] must be a map with path and data");
                continue;
            }

            var file = new Fields(mapping, $"{fields.Place}.files[{i}]", context);
            // sealer documents overwrite as the default and refuses a missing strategy; here the documentation is right.
            if (FileSettings.Read(file, context) is { } settings)
            {
                result.Add(new ApplicationFileSpec
                {
                    Path = settings.Path,
                    Data = settings.Data,
                    Strategy = settings.Strategy,
                    Location = context.LocationOf(file.Node),
                });
            }

            file.Finish();
        }

        return result;
    }
}
