using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Templates;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads documents of kind Config.</summary>
internal static class ConfigReader
{
    private static readonly Dictionary<string, ConfigProcessor> Processors = new(StringComparer.Ordinal)
    {
        ["value"] = ConfigProcessor.Value,
        ["toJson"] = ConfigProcessor.ToJson,
        ["toBase64"] = ConfigProcessor.ToBase64,
        ["toSecret"] = ConfigProcessor.ToSecret,
    };

    public static ConfigSpec? Read(Fields document, ReadContext context)
    {
        var metadata = Metadata.Read(document);
        var fields = document.Map("spec");
        document.Finish();
        if (fields is null)
        {
            context.Error(document.At("spec"), "the Config needs a spec with path and data");
            return null;
        }

        var settings = FileSettings.Read(fields, context);
        var application = fields.Scalar("appName");
        if (application is { Value.Length: > 0 } && !Names.IsSegment(application.Value))
            context.Error(application, $"{Quoting.Quote(application.Value)} cannot be an application's name");
        var processors = ReadProcessors(fields, context);
        fields.Finish();
        if (settings is null)
            return null;
        var config = new ConfigSpec
        {
            Name = metadata.Name ?? settings.Path,
            Path = settings.Path,
            Data = settings.Data,
            Strategy = settings.Strategy,
            Processors = processors,
            ApplicationName = application is { Value.Length: > 0 } ? application.Value : null,
            Location = context.LocationOf(document.Node),
        };
        if (processors.Count > 0 && ConfigData.WhyNot(config) is { } reason)
            context.Error(fields.At("data"), reason.TrimEnd('.'));
        CheckTemplate(config, fields, context);
        return config;
    }

    // Whatever is written below etc, charts or manifests with this ending is rendered there.
    private static void CheckTemplate(ConfigSpec config, Fields fields, ReadContext context)
    {
        if (config.ApplicationName is not null || !config.Path.EndsWith(".tmpl", StringComparison.Ordinal) || config.Strategy == WriteStrategy.Merge || config.Processors.Count > 0)
            return;
        try
        {
            Template.Parse(config.Data, config.Path);
        }
        catch (SealerException e)
        {
            context.Error(fields.At("data"), $"the data is no template: {e.Message}");
        }
    }

    private static List<ConfigProcessor> ReadProcessors(Fields fields, ReadContext context)
    {
        var result = new List<ConfigProcessor>();
        if (fields.Scalar("process") is not { } process)
            return result;
        foreach (var word in process.Value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Processors.TryGetValue(word, out var processor))
                result.Add(processor);
            else
                context.Error(process, $"{Quoting.Quote(word)} is not a processor{Quoting.DidYouMean(word, Processors.Keys)}; there are value, toJson, toBase64 and toSecret");
        }

        if (result.Contains(ConfigProcessor.ToBase64) && result.Contains(ConfigProcessor.ToSecret))
            context.Warning(process, "with toSecret the entries are base64 anyway, so toBase64 encodes them twice; pods will see base64");
        return result;
    }
}
