extension Filter {
    /// Either address is in the set.
    public static func address(in set: AddressSet) -> Filter { KeyField.address(.either, nil).filter(.addresses(set)) }
    public static func source(in set: AddressSet) -> Filter { KeyField.address(.source, nil).filter(.addresses(set)) }
    public static func destination(in set: AddressSet) -> Filter { KeyField.address(.destination, nil).filter(.addresses(set)) }

    /// TCP, UDP or SCTP where either port is in the set.
    public static func port(in set: IntegerSet) -> Filter { KeyField.port(.either, nil).filter(.integers(set)) }
    public static func sourcePort(in set: IntegerSet) -> Filter { KeyField.port(.source, nil).filter(.integers(set)) }
    public static func destinationPort(in set: IntegerSet) -> Filter { KeyField.port(.destination, nil).filter(.integers(set)) }
}
