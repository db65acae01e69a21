extension Filter {
    /// Either address is in the set.
    public static func address(in set: AddressSet) -> Filter { Filter(.addresses(.either, set)) }
    public static func source(in set: AddressSet) -> Filter { Filter(.addresses(.source, set)) }
    public static func destination(in set: AddressSet) -> Filter { Filter(.addresses(.destination, set)) }

    /// TCP, UDP or SCTP where either port is in the set.
    public static func port(in set: IntegerSet) -> Filter { Filter(.ports(.either, set)) }
    public static func sourcePort(in set: IntegerSet) -> Filter { Filter(.ports(.source, set)) }
    public static func destinationPort(in set: IntegerSet) -> Filter { Filter(.ports(.destination, set)) }
}
