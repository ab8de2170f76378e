namespace Sealer.Events;

/// <summary>
/// Something the engine tells while it works. Given to an <see cref="IProgress{T}"/>, which may be called from many
/// threads at once and must return quickly.
/// </summary>
public abstract record SealerEvent;

/// <summary>Bytes or items done of one thing, for a progress line.</summary>
/// <param name="Activity">What is being done, for example <c>Pulling registry.example.com/skyline:v3</c>.</param>
/// <param name="Item">The part at hand: a layer, a file, an image.</param>
/// <param name="Done">Bytes done of <paramref name="Item"/>.</param>
/// <param name="Total">Bytes in all, or null where that is not known.</param>
public sealed record ProgressEvent(string Activity, string Item, long Done, long? Total) : SealerEvent
{
    private readonly string? _status;

    /// <summary>What is said of it instead of the figures, harmless to print; null: the figures, which are bytes.</summary>
    public string? Status { get => _status; init => _status = value is null ? null : PlainText.Of(value); }

    /// <summary>What is being done, harmless to print.</summary>
    public string Activity { get; } = PlainText.Of(Activity);

    /// <summary>The part at hand, harmless to print: names of files and images are whatever somebody called them.</summary>
    public string Item { get; } = PlainText.Of(Item);
}

/// <summary>Something the user should know that does not stop the work.</summary>
/// <param name="Message">A whole sentence.</param>
public sealed record WarningEvent(string Message) : SealerEvent
{
    /// <summary>A whole sentence, harmless to print.</summary>
    public string Message { get; } = PlainText.Of(Message);
}

/// <summary>A step of the work, for verbose output.</summary>
/// <param name="Message">A whole sentence.</param>
public sealed record DetailEvent(string Message) : SealerEvent
{
    /// <summary>A whole sentence, harmless to print.</summary>
    public string Message { get; } = PlainText.Of(Message);
}
