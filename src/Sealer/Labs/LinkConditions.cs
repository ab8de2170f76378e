namespace Sealer.Labs;

/// <summary>What a link of a lab is like, the same in both directions.</summary>
public sealed record LinkConditions
{
    /// <summary>A link as fast as the machine.</summary>
    public static LinkConditions None { get; } = new();

    /// <summary>How long each packet takes longer, one way: a round trip to the host takes twice this longer.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Bits per second at most, each way; null for no limit.</summary>
    public long? Rate { get; init; }

    /// <summary>How many of a hundred packets are lost, each way: 0 to 100.</summary>
    public double Loss { get; init; }

    /// <summary>True where the link is as it is.</summary>
    public bool AreNone => Delay == TimeSpan.Zero && Rate is null && Loss == 0;

    /// <summary>Refuses what no link can be.</summary>
    /// <exception cref="SealerException"><c>LabLinkInvalid</c>.</exception>
    internal void Check()
    {
        var wrong = Delay < TimeSpan.Zero || Delay > TimeSpan.FromSeconds(60) ? "A delay is 0 to 60 seconds."
            : Rate is < 8000 ? "A rate is 8000 bits per second or more."
            : Loss is < 0 or > 100 || double.IsNaN(Loss) ? "A loss is 0 to 100 percent."
            : null;
        if (wrong is not null)
            throw new SealerException("LabLinkInvalid", ErrorKind.InvalidInput, wrong, this);
    }
}
