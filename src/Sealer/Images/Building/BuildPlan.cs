using Sealer.Kubefiles;
using Sealer.Kubefiles.Instructions;
using Sealer.Kubefiles.Syntax;

namespace Sealer.Images.Building;

/// <summary>A source of an instruction, looked up in the context.</summary>
/// <param name="Span">Where it stands in the Kubefile.</param>
/// <param name="Address">A http(s) address that is still to be downloaded, or null.</param>
/// <param name="Items">What it means in the context; empty of an address.</param>
internal sealed record PlannedSource(SourceSpan Span, string? Address, IReadOnlyList<SourceItem> Items);

/// <summary>An instruction with its sources.</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="Sources">Of COPY, ADD and the applications; else empty.</param>
internal sealed record PlannedInstruction(KubefileInstruction Instruction, IReadOnlyList<PlannedSource> Sources);

/// <summary>
/// Looks up everything that a Kubefile wants of its context before anything is downloaded or written, so that all that is
/// missing is told in one pass, as the mistakes of the text are.
/// </summary>
internal sealed class BuildPlan
{
    private readonly BuildContext _context;
    private readonly DiagnosticBag _diagnostics;

    private BuildPlan(BuildContext context, string fileName)
    {
        _context = context;
        _diagnostics = new DiagnosticBag(fileName);
    }

    /// <summary>Looks up. Where paths hang on an image that is not known yet, what is not found is not held against them.</summary>
    /// <exception cref="SealerException"><c>InvalidKubefile</c>, with a line for each mistake.</exception>
    public static IReadOnlyList<PlannedInstruction> Make(KubefileParseResult kubefile, BuildContext context, string fileName)
    {
        var plan = new BuildPlan(context, fileName);
        var planned = kubefile.Instructions
            .Select(instruction => new PlannedInstruction(instruction, plan.SourcesOf(instruction)))
            .ToList();
        foreach (var (instruction, sources) in planned)
        {
            if (instruction is AppInstruction app)
                plan.CheckApplication(app, sources, AppLayout.HasCommands(kubefile.Instructions, app.Name));
        }

        var missing = kubefile.IsComplete ? plan._diagnostics.InOrder() : [];
        new KubefileParseResult(
            kubefile.Instructions,
            [.. kubefile.Diagnostics.Concat(missing).OrderBy(d => d.Span.Line).ThenBy(d => d.Span.Column)]).ThrowIfInvalid();
        return planned;
    }

    private List<PlannedSource> SourcesOf(KubefileInstruction instruction) => instruction switch
    {
        CopyInstruction copy => [.. copy.Sources.Select(source => Look(source.Span, source.Path, source.IsUrl, source.Content))],
        AppInstruction app => [.. app.Sources.Select(source => Look(source.Span, source.Path, source.IsRemote, content: null))],
        _ => [],
    };

    /// <summary>What can be told of an application before anything is downloaded or unpacked.</summary>
    private void CheckApplication(AppInstruction app, IReadOnlyList<PlannedSource> sources, bool hasCommands)
    {
        if (sources.Any(source => source.Items.Count == 0 || source.Items.Any(AppLayout.IsPacked)))
            return;
        try
        {
            if (AppLayout.Of(app.Name, [.. sources.SelectMany(source => source.Items)]).Type is null && !hasCommands)
                _diagnostics.Error(app.Span, AppLayout.NoWayToStart(app.Name));
        }
        catch (SealerException e)
        {
            _diagnostics.Error(app.Span, e.Message);
        }
    }

    private PlannedSource Look(SourceSpan span, string path, bool isRemote, string? content)
    {
        if (content is not null)
            return new PlannedSource(span, null, [Heredoc(path, content)]);
        if (isRemote)
            return new PlannedSource(span, path, []);
        try
        {
            return new PlannedSource(span, null, _context.Resolve(path));
        }
        catch (SealerException e)
        {
            _diagnostics.Error(span, e.Message);
            return new PlannedSource(span, null, []);
        }
    }

    private static SourceItem Heredoc(string name, string text)
    {
        var content = System.Text.Encoding.UTF8.GetBytes(text);
        var entry = new SourceEntry
        {
            RelativePath = "",
            Kind = Layers.LayerEntryKind.File,
            Mode = FileModes.Data,
            Modified = DateTimeOffset.UnixEpoch,
            Size = content.Length,
            Open = () => new MemoryStream(content, writable: false),
        };
        return new SourceItem(name, IsFolder: false, [entry]);
    }
}
