namespace Sealer.Labs;

/// <summary>How far a lab is.</summary>
public enum LabState
{
    /// <summary>Somebody is making it.</summary>
    Creating,

    /// <summary>It stands.</summary>
    Ready,

    /// <summary>Making or removing it was broken off: what there is of it can be removed.</summary>
    Incomplete,
}

/// <summary>How a host of a lab is.</summary>
public enum LabHostState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>It runs, and its cable is pulled.</summary>
    CutOff,

    /// <summary>It is switched off.</summary>
    Stopped,

    /// <summary>Its lab is half made, or half removed.</summary>
    Incomplete,
}
